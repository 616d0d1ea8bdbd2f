// The steps of an install with their times, and bytes where bytes move.

import { formatBytes } from '../../../../server/contract/bytes.ts'
import { Progress, ProgressMeasureLocation, ProgressStep, ProgressStepper } from '@patternfly/react-core'
import type { InstallStep } from '../../../../server/contract/install.ts'
import { formatSeconds, paceText } from '../../../../server/contract/pace.ts'
import { percentOf } from '../../ui/format.ts'
import { useNow } from '../../ui/now.ts'
import { secondsOf } from './step-times.ts'

const VARIANTS: Record<InstallStep['state'], 'pending' | 'info' | 'success' | 'danger'> = {
  pending: 'pending',
  running: 'info',
  done: 'success',
  failed: 'danger',
}

export function StepsView({ steps }: { steps: readonly InstallStep[] }) {
  const running = steps.some(({ state }) => state === 'running')
  const now = useNow(running)
  return (
    <ProgressStepper isVertical aria-label="Steps of the install">
      {steps.map((step) => (
        <ProgressStep
          key={step.name}
          id={`step-${step.name}`}
          titleId={`step-${step.name}-title`}
          variant={VARIANTS[step.state]}
          isCurrent={step.state === 'running'}
          aria-label={`${step.name}: ${step.state}`}
          description={<StepDetails step={step} now={now} />}
        >
          {step.name}
        </ProgressStep>
      ))}
    </ProgressStepper>
  )
}

function StepDetails({ step, now }: { step: InstallStep; now: number }) {
  const { state, message, bytes, totalBytes, name } = step
  if (state === 'pending') return null
  const seconds = secondsOf(step, now)
  const time = seconds === undefined ? '' : formatSeconds(seconds)
  return (
    <>
      {[message, time].filter(Boolean).join(' · ')}
      {totalBytes > 0 && state === 'running' && (
        <Progress
          aria-label={`Bytes of ${name}`}
          measureLocation={ProgressMeasureLocation.outside}
          value={percentOf(bytes, totalBytes)}
          helperText={paceText(step)}
        />
      )}
      {totalBytes > 0 && state !== 'running' && ` · ${formatBytes(bytes)} of ${formatBytes(totalBytes)}`}
    </>
  )
}
