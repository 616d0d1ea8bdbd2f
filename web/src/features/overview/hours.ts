// The hours of today, those in which nothing happened too.

import type { FinishedHour } from '../../../../server/contract/overview.ts'

export interface HourColumn {
  /** As clocks here show it: `14`. */
  hour: string
  succeeded: number
  failed: number
}

const HOUR_MS = 3_600_000
const HOURS = 24

/** A column for each hour of the day that `since` begins. */
export function hoursSince(hours: readonly FinishedHour[], since: string): HourColumn[] {
  const begin = Date.parse(since)
  const columns = Array.from({ length: HOURS }, (_, at) => ({
    hour: String(new Date(begin + at * HOUR_MS).getHours()).padStart(2, '0'),
    succeeded: 0,
    failed: 0,
  }))
  for (const { at, succeeded, failed } of hours) {
    // The server counts whole hours of UTC, whose first may begin before `since`.
    const column = columns[Math.max(0, Math.floor((Date.parse(at) - begin) / HOUR_MS))]
    if (!column) continue
    column.succeeded += succeeded
    column.failed += failed
  }
  return columns
}
