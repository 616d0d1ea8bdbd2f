// The rows of the inventory.

import { formatBytes } from '../../../../server/contract/bytes.ts'
import { Progress, ProgressMeasureLocation, ProgressSize } from '@patternfly/react-core'
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table'
import type { ThProps } from '@patternfly/react-table'
import { Link } from 'react-router'
import type { MachineSummary } from '../../../../server/contract/machine.ts'
import { useInstall } from '../../api/queries.ts'
import { Ago } from '../../ui/Ago.tsx'
import { Digest } from '../../ui/Digest.tsx'
import { percentOf } from '../../ui/format.ts'
import { StateLabel } from '../../ui/StateLabel.tsx'
import { toggled, toggledAll } from './selection.ts'

export interface MachineTableProps {
  machines: readonly MachineSummary[]
  selected: ReadonlySet<string>
  onSelect: (selected: ReadonlySet<string>) => void
  sort: string
  order: 'asc' | 'desc'
  onSort: (sort: string, order: 'asc' | 'desc') => void
}

/** In order; `key` is what the API sorts by. */
const COLUMNS: readonly { title: string; key?: string }[] = [
  { title: 'Name', key: 'name' },
  { title: 'State', key: 'state' },
  { title: 'MAC' },
  { title: 'Image', key: 'image' },
  { title: 'Runs' },
  { title: 'Hardware', key: 'product' },
  { title: 'Last seen', key: 'lastSeenAt' },
]

export function MachineTable({ machines, selected, onSelect, sort, order, onSort }: MachineTableProps) {
  const ids = machines.map(({ id }) => id)
  const sortProps = (key: string | undefined, at: number): ThProps => {
    if (key === undefined) return {}
    const active = COLUMNS.findIndex((column) => column.key === sort)
    return {
      sort: {
        columnIndex: at,
        sortBy: { ...(active >= 0 && { index: active }), direction: order },
        onSort: (_event, _index, direction) => onSort(key, direction),
      },
    }
  }
  return (
    <Table aria-label="Machines" variant="compact">
      <Thead>
        <Tr>
          <Th
            aria-label="Select all"
            select={{
              isSelected: ids.every((id) => selected.has(id)),
              onSelect: () => onSelect(toggledAll(selected, ids)),
            }}
          />
          {COLUMNS.map(({ title, key }, at) => (
            <Th key={title} modifier="nowrap" {...sortProps(key, at)}>
              {title}
            </Th>
          ))}
        </Tr>
      </Thead>
      <Tbody>
        {machines.map((machine, rowIndex) => (
          <Tr key={machine.id}>
            <Td
              select={{
                rowIndex,
                isSelected: selected.has(machine.id),
                isDisabled: machine.state === 'retired',
                onSelect: (_, isSelected) => onSelect(toggled(selected, machine.id, isSelected)),
                props: { 'aria-label': `Select ${machine.name}` },
              }}
            />
            <MachineCells machine={machine} />
          </Tr>
        ))}
      </Tbody>
    </Table>
  )
}

function MachineCells({ machine }: { machine: MachineSummary }) {
  const { id, name, state, macs, image, runningDigest, product, serial, lastSeenAt, installId, failure } = machine
  return (
    <>
      <Td dataLabel="Name" modifier="nowrap">
        <Link to={`/machines/${id}`}>{name}</Link>
      </Td>
      <Td dataLabel="State">
        <StateLabel state={state} /> {state === 'installing' && <InstallBar installId={installId} />}
        {state === 'failed' && failure && <span title={failure.message}>{failure.code}</span>}
      </Td>
      <Td dataLabel="MAC" className="lf-mono lf-nowrap">
        {macs[0]}
        {macs.length > 1 && ` +${macs.length - 1}`}
      </Td>
      <Td dataLabel="Image">{image === null ? <span className="lf-subtle">none</span> : image}</Td>
      <Td dataLabel="Runs">
        <Digest digest={runningDigest} />
      </Td>
      <Td dataLabel="Hardware">
        {product ?? <span className="lf-subtle">unknown</span>}
        {serial !== null && <span className="lf-subtle"> {serial}</span>}
      </Td>
      <Td dataLabel="Last seen">
        <Ago time={lastSeenAt} />
      </Td>
    </>
  )
}

/** What the running step has moved, where it moves bytes. */
function InstallBar({ installId }: { installId: string | null }) {
  const { data: install } = useInstall(installId)
  const step = install?.steps.find(({ state }) => state === 'running')
  if (!step) return null
  if (step.totalBytes === 0) return <span className="lf-subtle">{step.name}</span>
  const percent = percentOf(step.bytes, step.totalBytes)
  return (
    <Progress
      className="lf-progress"
      aria-label={`${step.name} of the install`}
      size={ProgressSize.sm}
      measureLocation={ProgressMeasureLocation.outside}
      value={percent}
      label={step.rate > 0 ? `${percent} %, ${formatBytes(step.rate)}/s` : `${percent} %`}
    />
  )
}
