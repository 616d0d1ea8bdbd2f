// How long what moves takes; the same words on the command line and on the page.
import { formatBytes } from './bytes.ts'

interface Moving {
  bytes: number
  totalBytes: number
  /** Bytes per second. */
  rate: number
}

/** At the rate of now; undefined when nothing moves or all is there. */
export function secondsLeft({ bytes, totalBytes, rate }: Moving): number | undefined {
  return rate > 0 && bytes < totalBytes ? (totalBytes - bytes) / rate : undefined
}

/** `4.2 s`, `3 min 5 s`, `2 h 10 min`. */
export function formatSeconds(seconds: number): string {
  const whole = Math.round(seconds)
  if (whole < 60) return `${seconds < 10 ? seconds.toFixed(1) : whole} s`
  const minutes = Math.floor(whole / 60)
  if (minutes < 60) return `${minutes} min ${whole % 60} s`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** `3.1 MB of 156 MB, 2.7 MB/s, 56 s left` */
export function paceText(moving: Moving): string {
  const left = secondsLeft(moving)
  return [
    `${formatBytes(moving.bytes)} of ${formatBytes(moving.totalBytes)}`,
    ...(moving.rate > 0 ? [`${formatBytes(moving.rate)}/s`] : []),
    ...(left === undefined ? [] : [`${formatSeconds(left)} left`]),
  ].join(', ')
}
