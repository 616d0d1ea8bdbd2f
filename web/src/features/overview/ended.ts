// The hours of today and the days of two weeks, those in which nothing happened too.

import type { FinishedInstalls } from '../../../../server/contract/overview.ts'

export interface EndedColumn {
  /** Below the column; empty where there is no room for one. */
  label: string
  /** For whoever points at it. */
  title: string
  succeeded: number
  failed: number
}

const HOUR_MS = 3_600_000
const HOURS = 24
/** Hours with a label. */
const LABELLED = 3
const DAY_MS = 24 * HOUR_MS
const DAYS = 14

/** A column for each hour of the day that `since` begins, as clocks here show it: `14`. */
export function hoursSince(hours: readonly FinishedInstalls[], since: string): EndedColumn[] {
  const begin = Date.parse(since)
  return columns(hours, { begin, step: HOUR_MS, count: HOURS }, (at, index) => {
    const hour = String(at.getHours()).padStart(2, '0')
    return { title: hour, label: index % LABELLED === 0 ? hour : '' }
  })
}

/** A column for each of the two weeks' days, the last of which `since` begins. */
export function daysUntil(days: readonly FinishedInstalls[], since: string): EndedColumn[] {
  const begin = Date.parse(since) - (DAYS - 1) * DAY_MS
  return columns(days, { begin, step: DAY_MS, count: DAYS }, (at) => {
    // At noon, so that an hour more or less in spring and autumn leaves the day as it is.
    const noon = new Date(at.getTime() + DAY_MS / 2)
    return { title: noon.toLocaleDateString(), label: String(noon.getDate()) }
  })
}

function columns(
  counts: readonly FinishedInstalls[],
  { begin, step, count }: { begin: number; step: number; count: number },
  name: (at: Date, index: number) => Pick<EndedColumn, 'title' | 'label'>,
): EndedColumn[] {
  const made = Array.from({ length: count }, (_, index) => ({
    ...name(new Date(begin + index * step), index),
    succeeded: 0,
    failed: 0,
  }))
  for (const { at, succeeded, failed } of counts) {
    // The server counts whole hours of UTC, whose first may begin before `since`.
    const column = made[Math.max(0, Math.floor((Date.parse(at) - begin) / step))]
    if (!column) continue
    column.succeeded += succeeded
    column.failed += failed
  }
  return made
}
