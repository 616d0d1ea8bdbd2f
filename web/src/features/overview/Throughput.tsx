// How fast images have come onto disks over the last minutes, as a line.

import { formatBytes } from '../../../../server/contract/bytes.ts'
import { SPAN_MS } from '../../api/throughput.ts'
import type { Throughput as Sample } from '../../api/throughput.ts'

const WIDTH = 300
const HEIGHT = 48

/** Nothing before there are two samples to draw a line between. */
export function Throughput({ samples }: { samples: readonly Sample[] }) {
  const last = samples.at(-1)
  if (!last || samples.length < 2) return null
  const most = Math.max(...samples.map(({ rate }) => rate))
  const points = samples.map(({ at, rate }) => {
    const x = WIDTH - ((last.at - at) / SPAN_MS) * WIDTH
    return `${x.toFixed(1)},${(HEIGHT - (rate / Math.max(1, most)) * (HEIGHT - 2)).toFixed(1)}`
  })
  const [first = ''] = points[0]!.split(',')
  return (
    <figure className="lf-chart">
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label={`Throughput of the last minutes: now ${formatBytes(last.rate)}/s, at most ${formatBytes(most)}/s`}
        preserveAspectRatio="none"
      >
        <polygon points={`${first},${HEIGHT} ${points.join(' ')} ${WIDTH},${HEIGHT}`} data-state="installing" />
        <polyline points={points.join(' ')} data-state="installing" />
      </svg>
      <figcaption className="lf-subtle lf-small">last minutes, at most {formatBytes(most)}/s</figcaption>
    </figure>
  )
}
