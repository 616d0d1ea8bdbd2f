// What an install asked of the machine's memory, for whoever wonders whether it has enough.
import { formatBytes } from '../../../server/contract/bytes.ts'

/**
 * `peakRss` in bytes; `pressure` is /proc/pressure/memory (kernel documentation, accounting/psi), absent from kernels without it. It counts
 * what everything that ran had to wait because pages were thrown out, or read again, to make room.
 */
export function memoryText(peakRss: number, pressure: string | undefined): string {
  const [, microseconds] = /^full .*\btotal=(\d+)$/m.exec(pressure ?? '') ?? []
  const waited =
    microseconds === undefined ? '' : `; for memory: everything waited ${(Number(microseconds) / 1e6).toFixed(1)} s`
  return `the agent took at most ${formatBytes(peakRss)}${waited}`
}
