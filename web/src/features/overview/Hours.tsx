// Installs that ended, hour by hour since midnight, as columns.

import type { FinishedHour } from '../../../../server/contract/overview.ts'
import { hoursSince } from './hours.ts'

const HEIGHT = 64
const STEP = 20
const GAP = 4

export function Hours({ hours, since }: { hours: readonly FinishedHour[]; since: string }) {
  const columns = hoursSince(hours, since)
  const most = Math.max(1, ...columns.map(({ succeeded, failed }) => succeeded + failed))
  const sum = (key: 'succeeded' | 'failed') => columns.reduce((all, hour) => all + hour[key], 0)
  const scale = HEIGHT / most
  return (
    <figure className="lf-hours">
      <svg
        viewBox={`0 0 ${columns.length * STEP} ${HEIGHT + 14}`}
        role="img"
        aria-label={`Installs that ended today: ${sum('succeeded')} succeeded, ${sum('failed')} failed`}
        preserveAspectRatio="xMinYMid meet"
      >
        {columns.map(({ hour, succeeded, failed }, at) => (
          <g key={at} transform={`translate(${at * STEP} 0)`}>
            <title>{`${hour}: ${succeeded} succeeded, ${failed} failed`}</title>
            <rect x={GAP / 2} y={HEIGHT - 1} width={STEP - GAP} height={1} className="lf-axis" />
            <rect
              x={GAP / 2}
              y={HEIGHT - (succeeded + failed) * scale}
              width={STEP - GAP}
              height={failed * scale}
              data-state="failed"
            />
            <rect
              x={GAP / 2}
              y={HEIGHT - succeeded * scale}
              width={STEP - GAP}
              height={succeeded * scale}
              data-state="deployed"
            />
            {at % 3 === 0 && (
              <text x={STEP / 2} y={HEIGHT + 11} textAnchor="middle">
                {hour}
              </text>
            )}
          </g>
        ))}
      </svg>
    </figure>
  )
}
