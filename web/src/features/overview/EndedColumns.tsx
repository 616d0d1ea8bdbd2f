// Installs that ended, one column for each span of time: those that failed on top of those that succeeded.

import type { EndedColumn } from './ended.ts'

const HEIGHT = 64
const STEP = 20
const GAP = 4

/** `when` ends the sentence that stands for the picture: `today`. */
export function EndedColumns({ columns, when }: { columns: readonly EndedColumn[]; when: string }) {
  const most = Math.max(1, ...columns.map(({ succeeded, failed }) => succeeded + failed))
  const sum = (key: 'succeeded' | 'failed') => columns.reduce((all, column) => all + column[key], 0)
  const scale = HEIGHT / most
  return (
    <figure className="lf-chart">
      <svg
        viewBox={`0 0 ${columns.length * STEP} ${HEIGHT + 14}`}
        role="img"
        aria-label={`Installs that ended ${when}: ${sum('succeeded')} succeeded, ${sum('failed')} failed`}
        preserveAspectRatio="xMinYMid meet"
      >
        {columns.map(({ label, title, succeeded, failed }, at) => (
          <g key={at} transform={`translate(${at * STEP} 0)`}>
            <title>{`${title}: ${succeeded} succeeded, ${failed} failed`}</title>
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
            {label !== '' && (
              <text x={STEP / 2} y={HEIGHT + 11} textAnchor="middle">
                {label}
              </text>
            )}
          </g>
        ))}
      </svg>
    </figure>
  )
}
