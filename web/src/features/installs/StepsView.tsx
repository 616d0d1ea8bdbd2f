// The steps of an install with their times, and bytes where bytes move.

import { formatBytes } from '../../../../server/contract/bytes.ts'
import { Progress, ProgressMeasureLocation, ProgressStep, ProgressStepper } from '@patternfly/react-core'
import type { InstallStep } from '../../../../server/contract/install.ts'
import { formatSeconds, percentOf } from '../../ui/format.ts'
import { useNow } from '../../ui/now.ts'
import { secondsLeft, secondsOf } from './step-times.ts'

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
          helperText={movement(step)}
        />
      )}
      {totalBytes > 0 && state !== 'running' && ` · ${formatBytes(bytes)} of ${formatBytes(totalBytes)}`}
    </>
  )
}

/** `3.1 MB of 156 MB, 2.7 MB/s, 56 s left` */
function movement(step: InstallStep): string {
  const left = secondsLeft(step)
  return [
    `${formatBytes(step.bytes)} of ${formatBytes(step.totalBytes)}`,
    ...(step.rate > 0 ? [`${formatBytes(step.rate)}/s`] : []),
    ...(left === undefined ? [] : [`${formatSeconds(left)} left`]),
  ].join(', ')
}
