import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DiskFacts } from '../../../server/contract/facts.ts'
import { StoragePlan } from '../../../server/contract/plan.ts'
import { MachineSpec } from '../../../server/contract/spec.ts'
import type { DiskSelector } from '../../../server/contract/spec-disks.ts'
import { smallestDisk } from '../../../server/plan/layout.ts'
import { planDisks } from '../../../server/plan/plan-disks.ts'
import { MIB } from '../../../server/plan/units.ts'
import { MIN_ROOT_SIZE } from '../../../server/plan/wanted-volumes.ts'

const GB = 1e9

function disk(change: Partial<DiskFacts> = {}): DiskFacts {
  return {
    name: 'nvme0n1',
    size: 480 * GB,
    model: 'PM9A3',
    serial: 'S1',
    wwn: 'eui.0025385b01',
    transport: 'nvme',
    rotational: false,
    removable: false,
    readOnly: false,
    logicalBlockSize: 512,
    physicalBlockSize: 4096,
    byId: ['nvme-PM9A3_S1', 'nvme-eui.0025385b01'],
    byPath: ['pci-0000:01:00.0-nvme-1'],
    signatures: [],
    partitions: [],
    ...change,
  }
}

const SATA = disk({
  name: 'sda',
  size: 4000 * GB,
  model: 'EXOS',
  serial: 'Z9',
  wwn: '0x5000c500a1',
  transport: 'sata',
  rotational: true,
  byId: ['ata-EXOS_Z9'],
  byPath: ['pci-0000:00:17.0-ata-1'],
})
const STICK = disk({
  name: 'sdb',
  size: 32 * GB,
  model: 'Ultra Fit',
  serial: 'U1',
  transport: 'usb',
  removable: true,
  byId: ['usb-SanDisk_U1'],
})

function plan(
  selector: DiskSelector,
  disks: DiskFacts[],
  facts: { architecture?: 'amd64' | 'arm64'; firmware?: 'uefi' | 'bios' } = {},
) {
  const spec = MachineSpec.parse({ disks: { disk: selector } })
  return planDisks(spec, { architecture: 'amd64', firmware: 'uefi', disks, ...facts }, 'seed')
}

describe('choosing the disk', () => {
  const chosen: [string, DiskSelector, DiskFacts[], string][] = [
    ['the only disk for an empty selector', {}, [disk()], 'nvme0n1'],
    ['by serial', { serial: 'Z9' }, [disk(), SATA], 'sda'],
    ['by wwn in any case', { wwn: '0x5000C500A1' }, [disk(), SATA], 'sda'],
    ['by a by-id name', { byId: 'nvme-eui.0025385b01' }, [disk(), SATA], 'nvme0n1'],
    ['by a pasted by-id path', { byId: '/dev/disk/by-id/ata-EXOS_Z9' }, [disk(), SATA], 'sda'],
    ['by path', { byPath: 'pci-0000:00:17.0-ata-1' }, [disk(), SATA], 'sda'],
    ['by model', { model: 'EXOS' }, [disk(), SATA], 'sda'],
    ['by transport', { transport: 'nvme' }, [disk(), SATA], 'nvme0n1'],
    ['by rotation', { rotational: true }, [disk(), SATA], 'sda'],
    ['by size from below', { minSize: 1000 * GB }, [disk(), SATA], 'sda'],
    ['by size from above', { maxSize: 1000 * GB }, [disk(), SATA], 'nvme0n1'],
    ['by all conditions together', { transport: 'sata', minSize: GB, serial: 'Z9' }, [disk(), SATA], 'sda'],
    ['with the stick left out of an empty selector', {}, [STICK, disk()], 'nvme0n1'],
    ['NB: a removable disk when its serial is named', { serial: 'U1' }, [STICK, disk()], 'sdb'],
  ]
  it.each(chosen)('%s', (_, selector, disks, name) => {
    expect(plan(selector, disks)).toMatchObject({ disks: [{ disk: { name } }] })
  })

  const other = disk({
    name: 'sda',
    serial: 'S2',
    wwn: 'w2',
    size: 960 * GB,
    vendor: 'ACME',
    byPath: ['pci-0000:00:01.0'],
  })
  const operators: [string, DiskSelector, string][] = [
    ['the beginning of a serial', { serial: { startsWith: 'S2' } }, 'sda'],
    ['one of several serials', { serial: { oneOf: ['S0', 'S2'] } }, 'sda'],
    ['a part of a by-id name', { byId: { contains: 'PM9A3_S1' }, serial: { not: 'S2' } }, 'nvme0n1'],
    ['the end of a wwn in any case', { wwn: { endsWith: 'B01' } }, 'nvme0n1'],
    ['the vendor', { vendor: 'ACME' }, 'sda'],
    ['the smallest', { pick: { order: 'smallest', nth: 1 } }, 'nvme0n1'],
    ['the largest', { pick: { order: 'largest', nth: 1 } }, 'sda'],
    ['the second by size', { pick: { order: 'smallest', nth: 2 } }, 'sda'],
    ['the first by path', { pick: { order: 'path', nth: 1 } }, 'sda'],
  ]
  it.each(operators)('by %s', (_, selector, name) => {
    expect(plan(selector, [disk(), other])).toMatchObject({ disks: [{ disk: { name } }] })
  })

  it('does not guess between two disks of one size', () => {
    const twin = disk({ name: 'nvme1n1', serial: 'S3', wwn: 'w3' })
    expect(plan({ pick: { order: 'smallest', nth: 1 } }, [disk(), twin, other])).toMatchObject({
      code: 'DISK_SEVERAL_MATCH',
      message: expect.stringMatching(/serial S1.*serial S3/),
    })
    expect(plan({ pick: { order: 'smallest', nth: 3 } }, [disk(), twin, other])).toMatchObject({
      disks: [{ disk: { name: 'sda' } }],
    })
    expect(plan({ pick: { order: 'largest', nth: 4 } }, [disk(), twin, other])).toMatchObject({
      code: 'DISK_NONE_MATCHES',
    })
  })

  it('refuses two paths to one disk, and says why', () => {
    expect(plan({}, [disk({ name: 'sda' }), disk({ name: 'sdb' })])).toMatchObject({
      code: 'DISK_NONE_MATCHES',
      message: expect.stringContaining('the same disk as sdb by another path, and multipath is not supported'),
    })
  })

  const refused: [string, DiskSelector, DiskFacts[], string][] = [
    ['no disk at all', {}, [], 'DISK_NONE_MATCHES'],
    ['an unknown serial', { serial: 'nope' }, [disk(), SATA], 'DISK_NONE_MATCHES'],
    ['two disks and an empty selector', {}, [disk(), SATA], 'DISK_SEVERAL_MATCH'],
    ['only a stick', {}, [STICK], 'DISK_NONE_MATCHES'],
    ['a removable disk by a condition that fits many', { transport: 'usb' }, [STICK], 'DISK_NONE_MATCHES'],
    ['a read-only disk', { serial: 'S1' }, [disk({ readOnly: true })], 'DISK_NONE_MATCHES'],
    ['a blocked disk', { serial: 'S1' }, [disk({ blocked: 'in use: sda1 is mounted' })], 'DISK_NONE_MATCHES'],
    ['a reader without medium', {}, [disk({ size: 0 })], 'DISK_NONE_MATCHES'],
    ['a disk too small', {}, [disk({ size: 2 * GB })], 'DISK_TOO_SMALL'],
  ]
  it.each(refused)('refuses %s', (_, selector, disks, code) => {
    expect(plan(selector, disks)).toMatchObject({ code })
  })

  it('lists each candidate with its name, model, serial, size and the reason', () => {
    expect(plan({ serial: 'nope', transport: 'nvme' }, [disk(), SATA])).toMatchObject({
      message:
        'no disk matches the selector: nvme0n1 (PM9A3, serial S1, 480 GB) no: serial is not nope; ' +
        'sda (EXOS, serial Z9, 4 TB) no: serial is not nope, is on sata, not nvme',
    })
    expect(plan({ minSize: GB }, [disk(), SATA, STICK])).toMatchObject({
      message:
        '2 disks match the selector and exactly one may: nvme0n1 (PM9A3, serial S1, 480 GB) matches; ' +
        'sda (EXOS, serial Z9, 4 TB) matches; sdb (Ultra Fit, serial U1, 32 GB) no: removable',
    })
  })

  it('never plans a disk unless it is the only one that matches', () => {
    const anyDisk = fc
      .record({
        size: fc.constantFrom(0, 8 * GB, 500 * GB),
        serial: fc.constantFrom('A', 'B', 'C'),
        transport: fc.constantFrom('nvme', 'sata', 'usb'),
        removable: fc.boolean(),
        readOnly: fc.boolean(),
        blocked: fc.option(fc.constant('in use'), { nil: undefined }),
      })
      .map(({ blocked, ...rest }) => disk({ ...rest, ...(blocked && { blocked }) }))
    fc.assert(
      fc.property(fc.array(anyDisk, { maxLength: 5 }), fc.constantFrom(undefined, 'A', 'B'), (alike, serial) => {
        const disks = alike.map((one, at) => ({ ...one, wwn: `eui.${at}` }))
        const usable = disks.filter(
          (one) => !one.blocked && !one.readOnly && one.size > 0 && (serial ? one.serial === serial : !one.removable),
        )
        const result = plan(serial ? { serial } : {}, disks)
        if (usable.length === 1) expect(result).toMatchObject({ disks: [{ disk: usable[0] }] })
        else expect(result).toMatchObject({ code: usable.length ? 'DISK_SEVERAL_MATCH' : 'DISK_NONE_MATCHES' })
      }),
    )
  })
})

describe('laying out partitions', () => {
  it('makes an x86 disk bootable under either firmware', () => {
    const result = plan({}, [disk({ size: 10 * 1024 * MIB })], { firmware: 'bios' })
    expect(result).toMatchObject({
      firmware: 'bios',
      disks: [
        {
          device: '/dev/disk/by-id/nvme-PM9A3_S1',
          partitions: [
            { number: 1, name: 'BIOS-BOOT', role: 'bios-boot', start: MIB, size: MIB },
            { number: 2, name: 'EFI-SYSTEM', role: 'esp', start: 2 * MIB, size: 512 * MIB },
            { number: 3, name: 'boot', role: 'boot', start: 514 * MIB, size: 1024 * MIB },
            {
              number: 4,
              name: 'root',
              role: 'root',
              typeGuid: '4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709',
              start: 1538 * MIB,
              size: (10 * 1024 - 1538 - 1) * MIB,
            },
          ],
        },
      ],
      layers: [],
      filesystems: [
        { on: 'disk1/EFI-SYSTEM', filesystem: 'vfat', mounts: [{ mountPoint: '/boot/efi' }] },
        { on: 'disk1/boot', filesystem: 'ext4', mounts: [{ mountPoint: '/boot' }] },
        { on: 'disk1/root', filesystem: 'xfs', mounts: [{ mountPoint: '/' }] },
      ],
    })
    expect(StoragePlan.parse(result)).toEqual(result)
  })

  it('leaves the BIOS boot partition out on arm64 and uses its root type', () => {
    const result = plan({}, [disk()], { architecture: 'arm64' })
    expect(
      'disks' in result && result.disks[0]?.partitions.map(({ number, name, typeGuid }) => [number, name, typeGuid]),
    ).toEqual([
      [1, 'EFI-SYSTEM', 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B'],
      [2, 'boot', '0FC63DAF-8483-4772-8E79-3D69D8477DE4'],
      [3, 'root', 'B921B045-1DF0-41C3-AF44-4C6F280D3FAE'],
    ])
  })

  it('accepts exactly the disks that are large enough', () => {
    const layout = MachineSpec.parse({}).disks
    const least = smallestDisk(layout, 'amd64')
    const result = plan({}, [disk({ size: least })])
    expect(result).toMatchObject({ disks: [{ partitions: { 3: { size: MIN_ROOT_SIZE } } }] })
    expect(plan({}, [disk({ size: least - 512 })])).toMatchObject({ code: 'DISK_TOO_SMALL' })
  })

  it('keeps every partition on MiB borders, in order, apart and inside the disk, whatever its size and sectors', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 4 * 1024 * 256, max: 2 ** 40 }),
        fc.constantFrom(512, 4096),
        fc.integer({ min: 64 * MIB, max: 2048 * MIB }),
        fc.integer({ min: 256 * MIB, max: 4096 * MIB }),
        fc.constantFrom('amd64' as const, 'arm64' as const),
        (sectors, logicalBlockSize, espSize, bootSize, architecture) => {
          const size = sectors * logicalBlockSize
          const spec = MachineSpec.parse({ disks: { espSize, bootSize } })
          const disks = [disk({ size, logicalBlockSize })]
          const result = planDisks(spec, { architecture, firmware: 'uefi', disks }, 'seed')
          if ('code' in result) {
            expect(result.code).toBe('DISK_TOO_SMALL')
            return
          }
          let end = MIB
          const { partitions } = result.disks[0]!
          for (const partition of partitions) {
            expect(partition.start).toBe(end)
            expect(partition.size % MIB).toBe(0)
            end += partition.size
          }
          // The backup table: one header and 16 KiB of entries.
          expect(end).toBeLessThanOrEqual(size - 16_384 - logicalBlockSize)
          const [esp, boot] = partitions.filter(({ role }) => role === 'esp' || role === 'boot')
          expect(esp?.size).toBeGreaterThanOrEqual(espSize)
          expect(boot?.size).toBeGreaterThanOrEqual(bootSize)
        },
      ),
    )
  })
})

describe('warnings', () => {
  it('name the signatures that will be lost', () => {
    expect(plan({}, [disk({ signatures: ['gpt', 'xfs'] })])).toMatchObject({
      warnings: ['everything on nvme0n1 (PM9A3, serial S1, 480 GB) will be lost; it holds: gpt, xfs'],
    })
  })

  it('are absent for an empty disk with a stable name', () => {
    expect(plan({}, [disk()])).toMatchObject({ warnings: [] })
  })

  it('say when only the kernel name can be used', () => {
    expect(plan({}, [disk({ byId: [] })])).toMatchObject({
      disks: [{ device: '/dev/nvme0n1' }],
      warnings: ['nvme0n1 has no stable name below /dev/disk/by-id'],
    })
  })
})
