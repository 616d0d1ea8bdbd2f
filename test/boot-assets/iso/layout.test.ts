import { describe, expect, it } from 'vitest'
import { pathListText, xorrisoArguments } from '../../../boot-assets/iso/layout.ts'

describe('xorrisoArguments', () => {
  const args = xorrisoArguments(
    { label: 'LANDFALL_1', guid: 'GUID', date: 1_754_697_600, files: [], esp: '/esp.img', hybridMbr: '/mbr.img' },
    '/list',
    '/out.iso',
  )
  const after = (name: string) => args[args.indexOf(name) + 1]

  it('make a CD and a disk in one', () => {
    expect(args.slice(0, 4)).toEqual(['-as', 'mkisofs', '-o', '/out.iso'])
    expect(after('--grub2-mbr')).toBe('/mbr.img')
    expect(args.slice(args.indexOf('-append_partition')).slice(0, 4)).toEqual([
      '-append_partition',
      '2',
      'C12A7328-F81F-11D2-BA4B-00A0C93EC93B',
      '/esp.img',
    ])
    // BIOS first, then UEFI by the appended partition.
    expect(args.indexOf('-b')).toBeLessThan(args.indexOf('-eltorito-alt-boot'))
    expect(after('-e')).toBe('--interval:appended_partition_2:all::')
  })

  it('leave nothing to the clock, and allow large files', () => {
    expect(args).toContain('--modification-date=2025080900000000')
    expect(after('--set_all_file_dates')).toBe('=1754697600')
    expect(after('--gpt_disk_guid')).toBe('GUID')
    expect(after('-iso-level')).toBe('3')
  })
})

describe('pathListText', () => {
  it('sorts, and takes the meaning from separators', () => {
    const files = [
      { path: '/b', source: '/host/a=b' },
      { path: '/a', source: '/host/back\\slash' },
    ]
    expect(pathListText(files)).toBe('/a=/host/back\\\\slash\n/b=/host/a\\=b\n')
  })

  it('refuses what would be two lines', () => {
    expect(() => pathListText([{ path: '/a', source: '/host/new\nline' }])).toThrow(RangeError)
  })
})
