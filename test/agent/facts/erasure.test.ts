import { describe, expect, it } from 'vitest'
import {
  ataAbilities,
  nvmeAbilities,
  parseAtaSecurity,
  parseSanitizeLog,
} from '../../../boot-assets/agent/facts/erasure.ts'
import { ATA_FRESH, ATA_FROZEN, ATA_LOCKED, ATA_WITHOUT_SECURITY, idCtrl, sanitizeLog } from './erasure-outputs.ts'

describe('NVMe', () => {
  it('tells what the controller can, with its estimates', () => {
    const log = parseSanitizeLog(sanitizeLog({ status: 1, estimates: [0xffffffff, 150, 0] }))
    expect(nvmeAbilities(idCtrl({}), log, [])).toEqual([
      { method: 'nvme-sanitize', seconds: 150 },
      { method: 'nvme-sanitize-crypto' },
      { method: 'nvme-format' },
      { method: 'nvme-format-crypto' },
    ])
  })

  it('what QEMU emulates can be formatted, no more', () => {
    expect(nvmeAbilities(idCtrl({ oacs: 0x12a, fna: 0, sanicap: 0 }), undefined, [])).toEqual([
      { method: 'nvme-format' },
    ])
  })

  it('nothing is erased that is another disk', () => {
    const unable = 'it would erase nvme0n2 as well'
    expect(nvmeAbilities(idCtrl({ sanicap: 4 }), undefined, ['nvme0n2'])).toEqual([
      { method: 'nvme-sanitize-overwrite', unable },
      { method: 'nvme-format' },
      { method: 'nvme-format-crypto' },
    ])
    expect(nvmeAbilities(idCtrl({ sanicap: 0, fna: 2 }), undefined, ['nvme0n2'])).toEqual([
      { method: 'nvme-format', unable },
    ])
  })

  it('reads the log of a sanitize', () => {
    const log = sanitizeLog({ status: 2, action: 4, progress: 0x4000, estimates: [3600, 0xffffffff, 2] })
    expect(parseSanitizeLog(log)).toEqual({
      status: 2,
      action: 4,
      progress: 0.25,
      seconds: { 'nvme-sanitize-overwrite': 3600, 'nvme-sanitize-crypto': 2 },
    })
  })

  it.each(['', 'NVMe status: Invalid Log Page(0x109)', sanitizeLog({ status: 1 }).split('\n0010:')[0]!])(
    'knows no log in %j',
    (text) => {
      expect(parseSanitizeLog(text)).toBeUndefined()
    },
  )
})

describe('ATA', () => {
  const abilities = (text: string) => ataAbilities(parseAtaSecurity(text))

  it('tells the methods that the disk names a time for', () => {
    expect(abilities(ATA_FRESH)).toEqual([
      // Zero minutes are not known ones.
      { method: 'ata-erase-enhanced' },
      { method: 'ata-erase', seconds: 5760 },
    ])
  })

  it('a frozen disk has them, but not now', () => {
    const unable = expect.stringContaining('frozen')
    expect(abilities(ATA_FROZEN)).toMatchObject([{ unable }, { method: 'ata-erase', unable }])
  })

  it('a locked disk may have been left by an erasing that was cut off', () => {
    expect(abilities(ATA_LOCKED)).toEqual([{ method: 'ata-erase', seconds: 5760 }])
    expect(parseAtaSecurity(ATA_LOCKED)?.enabled).toBe(true)
  })

  it('has none without the security feature set', () => {
    expect(abilities(ATA_WITHOUT_SECURITY)).toEqual([])
  })
})
