// How a disk can be erased, by what it says of itself.
import { z } from 'zod'
import type { EraseAbility, EraseMethod } from '../../../server/contract/erase.ts'

/** Of `nvme id-ctrl --output-format=json` (NVM Express Base Specification 2.0, figure 275). */
const IdentifyController = z.object({
  oacs: z.number().default(0),
  fna: z.number().default(0),
  sanicap: z.number().default(0),
})

/** The sanitize status log page, in numbers (NVM Express Base Specification 2.0, figure 266). */
export interface SanitizeLog {
  /** 0 never sanitized, 1 done, 2 under way, 3 failed, 4 done, with blocks that stay allocated. */
  status: number
  /** What was asked for last, as in the command: 2 block erase, 3 overwrite, 4 change of the key. */
  action: number
  /** Of what is under way, 0 to 1. */
  progress: number
  /** Estimates; undefined where the disk gives none. */
  seconds: Partial<Record<EraseMethod, number>>
}

/** Its length in bytes, as far as it is read. */
export const SANITIZE_LOG_LENGTH = 32

/**
 * Reads what `nvme get-log` prints, its dump in hexadecimal: names in its JSON changed between versions of nvme-cli, the page never does.
 * Undefined for what is none.
 */
export function parseSanitizeLog(text: string): SanitizeLog | undefined {
  const lines = [...text.matchAll(/^[0-9a-f]{4}: ((?:[0-9a-f]{2} ){1,16})/gm)].map(([, line]) =>
    line!.replaceAll(' ', ''),
  )
  const page = Buffer.from(lines.join(''), 'hex')
  if (page.length < SANITIZE_LOG_LENGTH) return undefined
  const estimate = (method: EraseMethod, offset: number) => {
    const seconds = page.readUInt32LE(offset)
    return seconds === 0xffffffff || seconds === 0 ? {} : { [method]: seconds }
  }
  return {
    progress: page.readUInt16LE(0) / 65536,
    status: page.readUInt16LE(2) & 7,
    action: page.readUInt32LE(4) & 7,
    seconds: {
      ...estimate('nvme-sanitize-overwrite', 8),
      ...estimate('nvme-sanitize', 12),
      ...estimate('nvme-sanitize-crypto', 16),
    },
  }
}

/** `siblings` are other disks of the same NVMe subsystem, which some methods would erase as well. */
export function nvmeAbilities(
  idCtrl: string,
  log: Pick<SanitizeLog, 'seconds'> | undefined,
  siblings: readonly string[],
): EraseAbility[] {
  const { oacs, fna, sanicap } = IdentifyController.parse(JSON.parse(idCtrl))
  const shared = siblings.length > 0 ? { unable: `it would erase ${siblings.join(', ')} as well` } : {}
  const sanitize = (method: EraseMethod, bit: number): EraseAbility[] => {
    const seconds = log?.seconds[method]
    return (sanicap & bit) === 0 ? [] : [{ method, ...(seconds !== undefined && { seconds }), ...shared }]
  }
  // Bits 0 and 1 of FNA: formatting, or erasing by it, is for all namespaces at once.
  const format = (fna & 3) === 0 ? {} : shared
  return [
    ...sanitize('nvme-sanitize', 2),
    ...sanitize('nvme-sanitize-crypto', 1),
    ...sanitize('nvme-sanitize-overwrite', 4),
    ...((oacs & 2) === 0 ? [] : [{ method: 'nvme-format', ...format } as const]),
    ...((oacs & 2) === 0 || (fna & 4) === 0 ? [] : [{ method: 'nvme-format-crypto', ...format } as const]),
  ]
}

export interface AtaSecurity {
  /** The disk has a password. */
  enabled: boolean
  /** It takes no security command until its power was cut. */
  frozen: boolean
  /** Minutes, by method. */
  minutes: Partial<Record<EraseMethod, number>>
}

/** Reads what udev's `ata_id --export` prints; undefined for disks without the security feature set. */
export function parseAtaSecurity(text: string): AtaSecurity | undefined {
  const value = (name: string) => new RegExp(`^ID_ATA_FEATURE_SET_SECURITY${name}=(\\d+)$`, 'm').exec(text)?.[1]
  if (value('') !== '1') return undefined
  const minutes = (method: EraseMethod, name: string) => {
    const found = value(name)
    return found === undefined ? {} : { [method]: Number(found) }
  }
  return {
    enabled: value('_ENABLED') === '1',
    frozen: value('_FROZEN') === '1',
    minutes: {
      ...minutes('ata-erase', '_ERASE_UNIT_MIN'),
      ...minutes('ata-erase-enhanced', '_ENHANCED_ERASE_UNIT_MIN'),
    },
  }
}

/** The firmware's lock is the most common obstacle there is: its way out belongs to the reason. */
const FROZEN =
  "the firmware has frozen the disk's security: pull its power and plug it in again while the installer runs, or switch the freeze off in the firmware"

/** The enhanced method is there only where the disk names a time for it. */
export function ataAbilities(security: AtaSecurity | undefined): EraseAbility[] {
  if (security === undefined) return []
  const { frozen, minutes } = security
  return (['ata-erase-enhanced', 'ata-erase'] as const).flatMap((method): EraseAbility[] => {
    const time = minutes[method]
    if (time === undefined) return []
    // Zero is `not said`.
    return [{ method, ...(time > 0 && { seconds: time * 60 }), ...(frozen && { unable: FROZEN }) }]
  })
}
