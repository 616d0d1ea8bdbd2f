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

/** What each result is called. */
export const ERASE_RESULTS: Readonly<Record<EraseReport['result'], string>> = {
  running: 'running',
  erased: 'erased',
  failed: 'failed',
  'cut-off': 'cut off',
}

/** `nvme0n1 (serial S1) was erased by NVMe sanitize (block erase) in 12 s: ...`; of one that has no end, since when. */
export function eraseSentence({ name, serial, method, startedAt, endedAt, result, detail }: EraseReport): string {
  const disk = `${name} (serial ${serial ?? 'unknown'})`
  const by = ERASE_NAMES[method]
  const took = endedAt === null ? '' : `${Math.round((Date.parse(endedAt) - Date.parse(startedAt)) / 1000)} s`
  switch (result) {
    case 'erased':
      return `${disk} was erased by ${by} in ${took}: ${detail}`
    case 'failed':
      return `${disk} was not erased by ${by}, after ${took}: ${detail}`
    case 'running':
      return `${disk} is being erased by ${by} since ${startedAt}`
    case 'cut-off':
      return `erasing ${disk} by ${by}, begun at ${startedAt}, was cut off: ${detail}`
  }
}
