// How long a step took, takes, and will take.

import type { InstallStep } from '../../../../server/contract/install.ts'

/** Seconds so far or in all; undefined before it began. */
export function secondsOf(
  { startedAt, endedAt }: Pick<InstallStep, 'startedAt' | 'endedAt'>,
  now: number,
): number | undefined {
  if (startedAt === null) return undefined
  return Math.max(0, ((endedAt === null ? now : Date.parse(endedAt)) - Date.parse(startedAt)) / 1000)
}

/** At the rate of now; undefined when nothing moves or all is there. */
export function secondsLeft({
  bytes,
  totalBytes,
  rate,
}: Pick<InstallStep, 'bytes' | 'totalBytes' | 'rate'>): number | undefined {
  return rate > 0 && bytes < totalBytes ? (totalBytes - bytes) / rate : undefined
}
