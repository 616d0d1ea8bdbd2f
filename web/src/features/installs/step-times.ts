// How long a step took or takes.

import type { InstallStep } from '../../../../server/contract/install.ts'

/** Seconds so far or in all; undefined before it began. */
export function secondsOf(
  { startedAt, endedAt }: Pick<InstallStep, 'startedAt' | 'endedAt'>,
  now: number,
): number | undefined {
  if (startedAt === null) return undefined
  return Math.max(0, ((endedAt === null ? now : Date.parse(endedAt)) - Date.parse(startedAt)) / 1000)
}
