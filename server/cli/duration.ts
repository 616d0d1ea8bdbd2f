// Times as people write them: `90s`, `30m`, `8h`, `7d`.
import { CliError } from './errors.ts'

const UNITS_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Milliseconds; undefined for what is no such time. */
export function durationMs(text: string): number | undefined {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? []
  return count === undefined ? undefined : Number(count) * UNITS_MS[unit as keyof typeof UNITS_MS]
}

/** The value of an option. Throws CliError 2. */
export function parseDuration(option: string, text: string): number {
  const ms = durationMs(text)
  if (ms !== undefined) return ms
  throw new CliError(`${option} ${text}: no time like 90s, 30m, 8h or 7d`, { exitCode: 2 })
}
