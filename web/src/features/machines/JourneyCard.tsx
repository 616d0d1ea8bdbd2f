// The timeline of a machine: from its first packet to the first boot, with the time each stage took.

import { Card, CardBody, CardTitle, Content, ProgressStep, ProgressStepper } from '@patternfly/react-core'
import { formatSeconds } from '../../../../server/contract/pace.ts'
import { useMachineInstalls, useMachineTrace } from '../../api/queries.ts'
import { useNow } from '../../ui/now.ts'
import { journeyOf } from './journey.ts'
import type { Stage } from './journey.ts'

const VARIANTS: Record<Stage['state'], 'pending' | 'info' | 'success' | 'danger'> = {
  pending: 'pending',
  running: 'info',
  done: 'success',
  failed: 'danger',
}

export function JourneyCard({ machineId }: { machineId: string }) {
  const { data: trace } = useMachineTrace(machineId)
  const { data: installs } = useMachineInstalls(machineId)
  const stages = journeyOf(trace?.boots ?? [], installs?.[0])
  const isMoving = stages.some(({ state }) => state === 'running')
  const now = useNow(isMoving)
  const begun = stages.filter(({ startedAt }) => startedAt !== null)
  if (begun.length === 0) return null
  const begin = Date.parse(begun[0]!.startedAt!)
  const end = isMoving ? now : Math.max(...begun.map(({ endedAt }) => Date.parse(endedAt ?? begun[0]!.startedAt!)))
  return (
    <Card>
      <CardTitle component="h2">From power-on to first boot</CardTitle>
      <CardBody>
        <Content component="small">
          Began <time dateTime={begun[0]!.startedAt!}>{new Date(begin).toLocaleString()}</time>,{' '}
          {isMoving ? 'for' : 'took'} {formatSeconds(Math.max(0, end - begin) / 1000)}
        </Content>
        <div className="lf-journey">
          <ProgressStepper aria-label="Stages" isCenterAligned>
            {stages.map((stage) => (
              <ProgressStep
                key={stage.title}
                id={`stage-${stage.title}`}
                titleId={`stage-${stage.title}-title`}
                variant={VARIANTS[stage.state]}
                isCurrent={stage.state === 'running'}
                aria-label={`${stage.title}: ${stage.state}`}
                description={<StageDetails stage={stage} begin={begin} now={now} />}
              >
                {stage.title}
              </ProgressStep>
            ))}
          </ProgressStepper>
        </div>
      </CardBody>
    </Card>
  )
}

function StageDetails({ stage, begin, now }: { stage: Stage; begin: number; now: number }) {
  const { startedAt, endedAt, state, text } = stage
  if (startedAt === null) return null
  const started = Date.parse(startedAt)
  const took = ((endedAt === null ? (state === 'running' ? now : started) : Date.parse(endedAt)) - started) / 1000
  return (
    <>
      <time dateTime={startedAt} title={new Date(startedAt).toLocaleString()} className="lf-subtle">
        +{formatSeconds(Math.max(0, started - begin) / 1000)}, {formatSeconds(Math.max(0, took))}
      </time>
      {text !== '' && <div className="lf-clamp">{text}</div>}
    </>
  )
}
