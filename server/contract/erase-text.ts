// How people are told of erasing: the same words on consoles, in the log, the history and the web page.
import type { EraseMethod, EraseReport } from './erase.ts'

/** What each does, as sentences go on after `by`. */
export const ERASE_NAMES: Readonly<Record<EraseMethod, string>> = {
  'nvme-sanitize': 'NVMe sanitize (block erase)',
  'nvme-sanitize-crypto': 'NVMe sanitize (change of its key)',
  'nvme-sanitize-overwrite': 'NVMe sanitize (overwrite)',
  'nvme-format': 'NVMe format (user data erase)',
  'nvme-format-crypto': 'NVMe format (change of its key)',
  'ata-erase': 'ATA secure erase',
  'ata-erase-enhanced': 'ATA secure erase, enhanced',
  discard: 'discarding all blocks',
  overwrite: 'overwriting with zeros',
}

/** `nvme0n1 (serial S1) was erased by NVMe sanitize (block erase) in 12 s`. */
export function eraseSentence({ name, serial, method, startedAt, endedAt, result, detail }: EraseReport): string {
  const disk = `${name} (serial ${serial ?? 'unknown'})`
  const took = `${Math.round((Date.parse(endedAt) - Date.parse(startedAt)) / 1000)} s`
  return result === 'erased'
    ? `${disk} was erased by ${ERASE_NAMES[method]} in ${took}: ${detail}`
    : `${disk} was not erased by ${ERASE_NAMES[method]}, after ${took}: ${detail}`
}
