// How fast bytes come, from counts that arrive in uneven batches.

/** A count that a rate was last taken from. */
export interface RateSample {
  at: string
  bytes: number
}

/** Counts closer than this say more about batching than about speed. */
const MIN_INTERVAL_MS = 500
/** Weight of the newest interval. */
const SMOOTHING = 0.5

/** The rate in bytes per second after a further count, smoothed; a count that went back or a clock that did starts anew. */
export function sampleRate(
  before: { rate: number; sample: RateSample | null },
  now: RateSample,
): { rate: number; sample: RateSample } {
  const { rate, sample } = before
  if (!sample) return { rate: 0, sample: now }
  const interval = Date.parse(now.at) - Date.parse(sample.at)
  const bytes = now.bytes - sample.bytes
  if (interval < 0 || bytes < 0) return { rate: 0, sample: now }
  if (interval < MIN_INTERVAL_MS) return { rate, sample }
  const newest = (bytes / interval) * 1000
  return { rate: Math.round(rate === 0 ? newest : rate + SMOOTHING * (newest - rate)), sample: now }
}
