// What is being installed now, and how fast.

import { Content, Progress, ProgressMeasureLocation, ProgressSize } from '@patternfly/react-core'
import { ExclamationTriangleIcon } from '@patternfly/react-icons'
import { Link } from 'react-router'
import { formatBytes } from '../../../../server/contract/bytes.ts'
import type { Overview, RunningInstall } from '../../../../server/contract/overview.ts'
import { useThroughput } from '../../api/throughput.ts'
import { percentOf } from '../../ui/format.ts'
import { SilentLabel } from '../../ui/SilentLabel.tsx'
import { Throughput } from './Throughput.tsx'

const SHOWN = 8

export function RunningInstalls({ installs: { running, silent, rate, list }, at }: Pick<Overview, 'installs' | 'at'>) {
  const samples = useThroughput(at, rate)
  const quiet = silent > 0 && (
    <Content component="p">
      <Link to="/machines?silent=true">
        <ExclamationTriangleIcon color="var(--pf-t--global--icon--color--status--warning--default)" /> {silent}{' '}
        {silent === 1 ? 'machine has' : 'machines have'} fallen silent
      </Link>
    </Content>
  )
  if (running === 0) return quiet || <Content component="p">Nothing is being installed.</Content>
  return (
    <>
      <Content component="p">
        <strong className="lf-figure">{running}</strong> running
        {rate > 0 && (
          <>
            , <strong>{formatBytes(rate)}/s</strong> in all
          </>
        )}
      </Content>
      {quiet}
      <Throughput samples={samples} />
      {list.slice(0, SHOWN).map((install) => (
        <One key={install.installId} install={install} />
      ))}
      {running > SHOWN && <Link to="/machines?state=installing">and {running - SHOWN} more</Link>}
    </>
  )
}

function One({ install: { machine, image, step, bytes, totalBytes, rate, silentSince } }: { install: RunningInstall }) {
  const percent = percentOf(bytes, totalBytes)
  return (
    <div className="lf-row">
      <div className="lf-row-title">
        <Link to={`/machines/${machine.id}`}>{machine.name}</Link> <span className="lf-subtle">{image}</span>{' '}
        <SilentLabel silentSince={silentSince} />
      </div>
      {totalBytes > 0 ? (
        <Progress
          aria-label={`${step} on ${machine.name}`}
          size={ProgressSize.sm}
          measureLocation={ProgressMeasureLocation.outside}
          value={percent}
          label={rate > 0 ? `${percent} %, ${formatBytes(rate)}/s` : `${percent} %`}
        />
      ) : (
        <span className="lf-subtle">{step ?? 'between two steps'}</span>
      )}
    </div>
  )
}
