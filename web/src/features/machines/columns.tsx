// The columns of the inventory: what each shows, and what the API sorts it by.

import type { ReactNode } from 'react'
import { Link } from 'react-router'
import type { MachineSort } from '../../../../server/contract/machine-filter.ts'
import type { MachineSummary } from '../../../../server/contract/machine.ts'
import { Ago } from '../../ui/Ago.tsx'
import { Digest } from '../../ui/Digest.tsx'
import { SilentLabel } from '../../ui/SilentLabel.tsx'
import { StateLabel } from '../../ui/StateLabel.tsx'
import { InstallBar } from './InstallBar.tsx'
import { LabelList } from './LabelList.tsx'

export interface Column {
  key: string
  title: string
  sort?: MachineSort
  className?: string
  cell: (machine: MachineSummary) => ReactNode
}

const unknown = <span className="lf-subtle">unknown</span>

export const COLUMNS: readonly Column[] = [
  {
    key: 'name',
    title: 'Name',
    sort: 'name',
    cell: ({ id, name }) => <Link to={`/machines/${id}`}>{name}</Link>,
  },
  {
    key: 'state',
    title: 'State',
    sort: 'state',
    cell: ({ state, installId, failure, silentSince }) => (
      <>
        <StateLabel state={state} /> <SilentLabel silentSince={silentSince} />{' '}
        {state === 'installing' && silentSince === null && <InstallBar installId={installId} />}
        {state === 'failed' && failure && <span title={failure.message}>{failure.code}</span>}
      </>
    ),
  },
  {
    key: 'mac',
    title: 'MAC',
    className: 'lf-mono lf-nowrap',
    cell: ({ macs }) => `${macs[0] ?? ''}${macs.length > 1 ? ` +${macs.length - 1}` : ''}`,
  },
  {
    key: 'image',
    title: 'Image',
    sort: 'image',
    cell: ({ image }) => image ?? <span className="lf-subtle">none</span>,
  },
  { key: 'runs', title: 'Runs', cell: ({ runningDigest }) => <Digest digest={runningDigest} /> },
  {
    key: 'product',
    title: 'Hardware',
    sort: 'product',
    cell: ({ product, serial }) => (
      <>
        {product ?? unknown}
        {serial !== null && <div className="lf-subtle lf-nowrap">{serial}</div>}
      </>
    ),
  },
  { key: 'serial', title: 'Serial', sort: 'serial', className: 'lf-nowrap', cell: ({ serial }) => serial ?? unknown },
  { key: 'labels', title: 'Labels', cell: ({ labels }) => <LabelList labels={labels} /> },
  { key: 'address', title: 'Address', className: 'lf-mono', cell: ({ address }) => address ?? unknown },
  { key: 'architecture', title: 'Architecture', cell: ({ architecture }) => architecture ?? unknown },
  { key: 'firmware', title: 'Firmware', cell: ({ firmware }) => firmware?.toUpperCase() ?? unknown },
  { key: 'uuid', title: 'UUID', className: 'lf-mono', cell: ({ uuid }) => uuid ?? unknown },
  { key: 'generation', title: 'Generation', cell: ({ generation }) => generation },
  { key: 'lastSeenAt', title: 'Last seen', sort: 'lastSeenAt', cell: ({ lastSeenAt }) => <Ago time={lastSeenAt} /> },
  { key: 'createdAt', title: 'Known since', sort: 'createdAt', cell: ({ createdAt }) => <Ago time={createdAt} /> },
]

export const DEFAULT_COLUMNS: readonly string[] = ['name', 'state', 'mac', 'image', 'product', 'labels', 'lastSeenAt']

/** In their fixed order, whatever the order of the keys; the name, which leads to the machine, is always there. */
export function columnsOf(keys: readonly string[]): Column[] {
  return COLUMNS.filter(({ key }) => key === 'name' || keys.includes(key))
}
