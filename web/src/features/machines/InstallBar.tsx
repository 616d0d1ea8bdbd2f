// What the running step of an install has moved, where it moves bytes.

import { Progress, ProgressMeasureLocation, ProgressSize } from '@patternfly/react-core'
import { formatBytes } from '../../../../server/contract/bytes.ts'
import { useInstall } from '../../api/queries.ts'
import { percentOf } from '../../ui/format.ts'

export function InstallBar({ installId }: { installId: string | null }) {
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
