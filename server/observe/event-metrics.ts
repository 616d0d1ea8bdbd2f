// Counts that follow from the event log, so that the core need not know of metrics.
import type { Event } from '../contract/event.ts'
import type { Metrics } from './metrics.ts'

/**
 * A listener for the event log. `secondsOf` tells how long an ended install took from its start to its end, undefined when it never began.
 *
 * @example events.subscribe(eventMetrics(metrics, secondsOf))
 */
export function eventMetrics(
  metrics: Pick<Metrics, 'installs' | 'installSeconds'>,
  secondsOf: (installId: string) => number | undefined,
): (event: Event) => void {
  return ({ type, installId, data }) => {
    if (type === 'install.failed') {
      metrics.installs.inc({ outcome: 'failed', reason: typeof data['code'] === 'string' ? data['code'] : 'INTERNAL' })
    } else if (type === 'install.succeeded') {
      metrics.installs.inc({ outcome: 'succeeded', reason: '' })
      const seconds = installId === null ? undefined : secondsOf(installId)
      if (seconds !== undefined) metrics.installSeconds.observe(seconds)
    }
  }
}
