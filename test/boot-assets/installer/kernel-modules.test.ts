import { describe, expect, it } from 'vitest'
import {
  firmwareNames,
  moduleName,
  parseModulesDep,
  parseSoftDependencies,
  selectModules,
} from '../../../boot-assets/installer/kernel-modules.ts'

// Lines as depmod of kmod 34 writes them.
const MODULES_DEP = `kernel/fs/ext4/ext4.ko.xz: kernel/lib/crc16.ko.xz kernel/fs/mbcache.ko.xz kernel/fs/jbd2/jbd2.ko.xz
kernel/fs/mbcache.ko.xz:
kernel/fs/jbd2/jbd2.ko.xz:
kernel/lib/crc16.ko.xz:
kernel/lib/test_bpf.ko.xz:
kernel/crypto/crc32c_generic.ko.xz:
kernel/drivers/scsi/sd_mod.ko.xz: kernel/drivers/scsi/scsi_mod.ko.xz kernel/drivers/scsi/scsi_common.ko.xz
kernel/drivers/scsi/scsi_mod.ko.xz: kernel/drivers/scsi/scsi_common.ko.xz
kernel/drivers/scsi/scsi_common.ko.xz:
kernel/drivers/scsi/scsi_debug.ko.xz: kernel/drivers/scsi/scsi_mod.ko.xz
`
const dependencies = parseModulesDep(MODULES_DEP)

describe('parseModulesDep', () => {
  it('lists what to load first first, without compression suffixes', () => {
    expect(dependencies.get('kernel/drivers/scsi/sd_mod.ko')).toEqual([
      'kernel/drivers/scsi/scsi_common.ko',
      'kernel/drivers/scsi/scsi_mod.ko',
    ])
    expect(dependencies.get('kernel/fs/mbcache.ko')).toEqual([])
  })
})

describe('selectModules', () => {
  it('adds what the wanted modules need', () => {
    expect(selectModules(['kernel/fs/ext4/ext4.ko'], dependencies)).toEqual([
      'kernel/fs/ext4/ext4.ko',
      'kernel/fs/jbd2/jbd2.ko',
      'kernel/fs/mbcache.ko',
      'kernel/lib/crc16.ko',
    ])
  })

  it('adds soft dependencies, and passes over those that are built in', () => {
    const soft = parseSoftDependencies('# generated\nsoftdep ext4 pre: crc32c_generic built_in_one\n')
    expect(selectModules(['kernel/fs/ext4/'], dependencies, soft)).toContain('kernel/crypto/crc32c_generic.ko')
  })

  it('takes whole folders, without test and debug modules', () => {
    expect(selectModules(['kernel/drivers/scsi/', 'kernel/lib/'], dependencies)).toEqual([
      'kernel/drivers/scsi/scsi_common.ko',
      'kernel/drivers/scsi/scsi_mod.ko',
      'kernel/drivers/scsi/sd_mod.ko',
      'kernel/lib/crc16.ko',
    ])
  })

  it('refuses a pattern that matches nothing: a driver was renamed', () => {
    expect(() => selectModules(['kernel/fs/ext5/'], dependencies)).toThrow(
      expect.objectContaining({ code: 'CONTENT_MISSING', message: expect.stringContaining('kernel/fs/ext5/') }),
    )
  })
})

describe('parseSoftDependencies', () => {
  it('joins what stands before and after, and several lines of one module', () => {
    const soft = parseSoftDependencies(
      'softdep xfs pre: crc32c\nsoftdep snd-hda pre: a-b post: c\nsoftdep xfs post: d\nalias x y\n',
    )
    expect([...soft]).toEqual([
      ['xfs', ['crc32c', 'd']],
      ['snd_hda', ['a_b', 'c']],
    ])
  })
})

describe('firmwareNames', () => {
  it('finds the firmware fields among others', () => {
    const module = Buffer.from(
      '\x7fELF junk firmware=no\0license=GPL\0firmware=bnx2/a.fw\0firmware=bnx2/b.fw\0alias=pci:*\0',
    )
    expect(firmwareNames(module)).toEqual(['bnx2/a.fw', 'bnx2/b.fw'])
  })
})

describe('moduleName', () => {
  it('spells names as the kernel does', () => {
    expect(moduleName('kernel/drivers/hid/hid-generic.ko.xz')).toBe('hid_generic')
  })
})
