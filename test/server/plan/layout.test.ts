// Layouts beyond one plain disk: what lies on what, and that nothing ever overlaps or overflows.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DiskFacts } from '../../../server/contract/facts.ts'
import { StoragePlan } from '../../../server/contract/plan.ts'
import { planRows } from '../../../server/contract/plan-rows.ts'
import { DiskLayout } from '../../../server/contract/spec-disks.ts'
import { planDisks } from '../../../server/plan/plan-disks.ts'
import { MIB } from '../../../server/plan/units.ts'

const GIB = 2 ** 30

function disk(at: number, change: Partial<DiskFacts> = {}): DiskFacts {
  return {
    name: `vd${'abcdefgh'[at]}`,
    size: 64 * GIB,
    serial: `S${at}`,
    transport: 'virtio',
    rotational: false,
    removable: false,
    readOnly: false,
    logicalBlockSize: 512,
    physicalBlockSize: 512,
    byId: [`virtio-S${at}`],
    byPath: [`pci-${at}`],
    signatures: [],
    partitions: [],
    ...change,
  }
}

type LayoutInput = Parameters<typeof DiskLayout.parse>[0]

function planned(layout: LayoutInput, disks: DiskFacts[] = [disk(0)], firmware: 'uefi' | 'bios' = 'uefi') {
  return planDisks({ disks: DiskLayout.parse(layout) }, { architecture: 'amd64', firmware, disks }, 'seed')
}

function plan(layout: LayoutInput, disks?: DiskFacts[]): StoragePlan {
  const made = planned(layout, disks)
  if ('code' in made) throw new Error(made.message)
  expect(StoragePlan.parse(made)).toEqual(made)
  return made
}

/** `place name: holds at mount points`. */
const rows = (made: StoragePlan) =>
  planRows(made).map(({ place, name, holds, mountPoints }) => `${place} ${name}: ${holds} ${mountPoints}`.trim())

const serials = (...numbers: number[]) => numbers.map((at) => ({ serial: `S${at}` }))

describe('layouts', () => {
  it('a file system is as large as what it lies on, though less was asked for', () => {
    for (const layout of [{}, { scheme: 'btrfs' as const }, { scheme: 'lvm' as const }]) {
      const { filesystems } = plan(layout)
      const root = filesystems.find(({ mounts }) => mounts.some(({ mountPoint }) => mountPoint === '/'))
      expect(root?.size).toBeGreaterThan(60 * GIB)
    }
  })

  it('a mirror holds boot and root twice, with an ESP on each disk', () => {
    const made = plan({ scheme: 'raid1', disk: { serial: 'S0' }, mirror: { serial: 'S1' } }, [disk(0), disk(1)])
    expect(rows(made)).toEqual([
      'vda 1 BIOS-BOOT:',
      'vda 2 EFI-SYSTEM: vfat /boot/efi',
      'vda 3 boot: array boot',
      'vda 4 root: array root',
      'vdb 1 BIOS-BOOT:',
      'vdb 2 EFI-SYSTEM: vfat',
      'vdb 3 boot: array boot',
      'vdb 4 root: array root',
      'RAID1 boot: ext4 /boot',
      'RAID1 root: xfs /',
    ])
    // Whatever reads the members of /boot by itself finds a plain file system at their beginning.
    expect(made.layers).toMatchObject([{ metadata: '1.0' }, { metadata: '1.2' }])
  })

  it.each([0, 5, 6, 10] as const)('level %i keeps /boot on a mirror of all its disks', (level) => {
    const made = plan(
      { disk: { serial: 'S0' }, raid: { level, disks: serials(1, 2, 3) } },
      [0, 1, 2, 3].map((at) => disk(at)),
    )
    expect(made.layers).toMatchObject([
      { type: 'raid', name: 'boot', level: 1, on: [0, 1, 2, 3].map((at) => `disk${at + 1}/boot`) },
      { type: 'raid', name: 'root', level },
    ])
    const member = made.disks[0]!.partitions.at(-1)!.size - 16 * MIB
    expect(made.layers[1]!.size).toBe(member * { 0: 4, 5: 3, 6: 2, 10: 2 }[level])
  })

  it('logical volumes lie on an encrypted partition', () => {
    const made = plan({
      scheme: 'lvm',
      encryption: { passphrase: 'long enough' },
      volumes: [
        { mount: '/var', size: 8 * GIB },
        { mount: 'swap', size: GIB },
      ],
    })
    expect(rows(made).slice(3)).toEqual([
      expect.stringMatching(/^vda 4 system: encrypted luks-[0-9a-f-]{36}$/),
      expect.stringMatching(/^encrypted luks-\S+: volume group system_[0-9a-f]{8}$/),
      expect.stringMatching(/^volume group system_[0-9a-f]{8}: volume root$/),
      'volume root: xfs /',
      'volume var: xfs /var',
      'volume swap: swap',
    ])
  })

  it('thin volumes share a pool', () => {
    const made = plan({ scheme: 'lvm', thin: true, volumes: [{ mount: '/var', size: 8 * GIB }] })
    expect(made.layers.map(({ type, name }) => [type, name]).slice(1)).toEqual([
      ['thin-pool', 'pool'],
      ['logical-volume', 'root'],
      ['logical-volume', 'var'],
    ])
    const pool = made.layers.find(({ type }) => type === 'thin-pool')!
    const promised = made.layers
      .filter(({ type }) => type === 'logical-volume')
      .reduce((sum, { size }) => sum + size, 0)
    expect(promised).toBeLessThanOrEqual(pool.size)
  })

  it('btrfs has a subvolume for each mount point, and swap beside it', () => {
    const made = plan({
      scheme: 'btrfs',
      volumes: [
        { mount: '/var', size: GIB },
        { mount: 'swap', size: GIB },
      ],
    })
    expect(rows(made).slice(3)).toEqual(['vda 4 swap: swap', 'vda 5 system: btrfs /, /var'])
    expect(made.filesystems.at(-1)!.mounts).toEqual([
      { mountPoint: '/', subvolume: 'root' },
      { mountPoint: '/var', subvolume: 'var' },
    ])
  })

  it('is made of the same UUIDs every time, and of others for another install', () => {
    const layout = DiskLayout.parse({ scheme: 'lvm', encryption: { passphrase: 'long enough' } })
    const facts = { architecture: 'amd64' as const, firmware: 'uefi' as const, disks: [disk(0)] }
    expect(planDisks({ disks: layout }, facts, 'a')).toEqual(planDisks({ disks: layout }, facts, 'a'))
    const uuids = (seed: string) => JSON.stringify(planDisks({ disks: layout }, facts, seed)).match(/"uuid":"[^"]+"/g)
    expect(uuids('a')?.filter((uuid) => uuids('b')?.includes(uuid))).toEqual([])
  })

  it.each<[string, LayoutInput, RegExp]>([
    ['a mirror of nothing', { scheme: 'raid1' }, /belong together/],
    ['too few disks', { raid: { level: 5, disks: serials(1) } }, /level 5 needs 3 disks/],
    ['an odd number for level 10', { raid: { level: 10, disks: serials(1, 2, 3, 4) } }, /even number/],
    ['thin without LVM', { thin: true }, /disks.thin is for/],
    [
      'two volumes at one place',
      {
        volumes: [
          { mount: '/var', size: GIB },
          { mount: '/var', size: GIB },
        ],
      },
      /has var twice/,
    ],
    ['preserved swap', { volumes: [{ mount: 'swap', size: GIB, preserve: true }] }, /holds nothing/],
    [
      'a preserved subvolume',
      { scheme: 'btrfs', volumes: [{ mount: '/var', size: GIB, preserve: true }] },
      /partitions and logical volumes only/,
    ],
    [
      'erasing what is preserved',
      { erase: 'discard', volumes: [{ mount: '/var', size: GIB, preserve: true }] },
      /destroy/,
    ],
  ])('refuses %s', (_, layout, message) => {
    expect(planned(layout)).toMatchObject({ code: 'DISK_LAYOUT', message: expect.stringMatching(message) })
  })

  it('refuses one disk for two roles, disks of different sectors, and large sectors with a BIOS', () => {
    const mirror = { scheme: 'raid1', disk: { serial: 'S0' } }
    expect(planned({ ...mirror, mirror: { serial: 'S0' } })).toMatchObject({ code: 'DISK_SEVERAL_MATCH' })
    const large = disk(1, { logicalBlockSize: 4096 })
    expect(planned({ ...mirror, mirror: { serial: 'S1' } }, [disk(0), large])).toMatchObject({ code: 'DISK_LAYOUT' })
    expect(planned({}, [large], 'bios')).toMatchObject({ code: 'DISK_LAYOUT', message: expect.stringMatching(/BIOS/) })
    expect(planned({}, [large], 'uefi')).toHaveProperty('disks')
  })
})

describe('preserving', () => {
  const layout = { volumes: [{ mount: '/var', size: 8 * GIB, preserve: true }] }
  const installed = (made: StoragePlan, at = 0): DiskFacts => {
    const { disk: facts, partitions } = made.disks[at]!
    return {
      ...facts,
      partitions: partitions.map(({ id, number, start, size, name, uuid }) => {
        const filesystem = made.filesystems.find(({ on }) => on === id)
        return { number, start, size, name, uuid, filesystem: filesystem?.filesystem, filesystemUuid: filesystem?.uuid }
      }) as DiskFacts['partitions'],
    }
  }

  it('keeps the partition where it is, with its UUIDs, and makes all others anew', () => {
    const first = plan(layout)
    const again = planDisks(
      { disks: DiskLayout.parse(layout) },
      { architecture: 'amd64', firmware: 'uefi', disks: [installed(first)] },
      'another install',
    ) as StoragePlan
    const place = ({ disks: [one] }: StoragePlan) => one!.partitions.map(({ name, start, size }) => [name, start, size])
    expect(place(again)).toEqual(place(first))
    expect(again.disks[0]!.partitions.filter(({ kept }) => kept)).toEqual([
      { ...first.disks[0]!.partitions.find(({ name }) => name === 'var'), kept: true },
    ])
    expect(again.filesystems.filter(({ kept }) => kept)).toEqual([{ ...first.filesystems.at(-1), kept: true }])
  })

  it('gives way to it when everything else changes its size', () => {
    const kept = installed(plan(layout))
    const again = plan({ ...layout, bootSize: 2 * GIB, espSize: GIB }, [kept])
    const partitions = again.disks[0]!.partitions.toSorted((a, b) => a.start - b.start)
    expect(partitions.map(({ name }) => name)).toEqual(['BIOS-BOOT', 'EFI-SYSTEM', 'boot', 'root', 'var'])
    expectApart(again)
  })

  it('finds room for the same layout again, also on both sides of what stays', () => {
    const swap = { mount: 'swap', size: GIB }
    const exact = { ...layout, rootSize: 4 * GIB, volumes: [...layout.volumes, swap] }
    const first = plan(exact, [disk(0, { size: 16 * GIB })])
    const again = plan(exact, [installed(first)])
    const place = ({ disks: [one] }: StoragePlan) => one!.partitions.map(({ name, start, size }) => [name, start, size])
    expect(place(again)).toEqual(place(first))
    expectApart(again)
  })

  it.each([
    ['another kind of file system', { filesystem: 'ext4' }, /it holds ext4, not xfs/],
    ['nothing that is known', { filesystem: undefined }, /nothing known/],
  ])('refuses to overwrite %s', (_, change, message) => {
    const kept = installed(plan(layout))
    const partitions = kept.partitions.map((one) => (one.name === 'var' ? { ...one, ...change } : one))
    expect(planned(layout, [{ ...kept, partitions }])).toMatchObject({
      code: 'DISK_LAYOUT',
      message: expect.stringMatching(message),
    })
  })

  it('says that it is kept', () => {
    const kept = { ...installed(plan(layout)), signatures: ['gpt'] }
    expect(plan(layout, [kept]).warnings).toEqual([expect.stringMatching(/^everything but var on vda/)])
  })
})

function expectApart({ disks }: StoragePlan): void {
  for (const { disk: facts, partitions } of disks) {
    let end = MIB
    for (const { start, size, kept } of partitions.toSorted((a, b) => a.start - b.start)) {
      expect(start).toBeGreaterThanOrEqual(end)
      if (!kept) expect([start % MIB, size % MIB]).toEqual([0, 0])
      end = start + size
    }
    expect(end).toBeLessThanOrEqual(facts.size - 16_384 - facts.logicalBlockSize)
    const numbers = partitions.map(({ number }) => number)
    expect(new Set(numbers).size).toBe(numbers.length)
  }
}

const anyVolume = fc.record({
  mount: fc.constantFrom('swap', '/var', '/var/lib', '/var/lib/data'),
  size: fc.integer({ min: 16 * MIB, max: 4 * GIB }),
  grow: fc.boolean(),
})

const anyLayout = fc.record({
  scheme: fc.constantFrom('plain', 'lvm', 'btrfs'),
  thin: fc.boolean(),
  filesystem: fc.constantFrom('xfs', 'ext4', 'btrfs'),
  espSize: fc.integer({ min: 64 * MIB, max: GIB }),
  bootSize: fc.integer({ min: 256 * MIB, max: 2 * GIB }),
  rootSize: fc.option(fc.integer({ min: 2 * GIB, max: 8 * GIB }), { nil: undefined }),
  volumes: fc.uniqueArray(anyVolume, { selector: ({ mount }) => mount, maxLength: 4 }),
  encryption: fc.constantFrom(undefined, { passphrase: 'long enough' }),
  raid: fc.constantFrom(undefined, ...([0, 1, 5, 6, 10] as const).map((level) => ({ level, disks: serials(1, 2, 3) }))),
})

it('any layout: partitions are apart, everything lies on something that is large enough, and mounts are complete', () => {
  fc.assert(
    fc.property(
      anyLayout,
      fc.array(fc.integer({ min: 4 * GIB, max: 200 * GIB }), { minLength: 4, maxLength: 4 }),
      (any, sizes) => {
        const layout = { ...any, thin: any.thin && any.scheme === 'lvm', disk: { serial: 'S0' } }
        const disks = sizes.map((size, at) => disk(at, { size: size - (size % 512) }))
        const made = planned(layout, disks)
        if ('code' in made) {
          expect(made.code).toBe('DISK_TOO_SMALL')
          return
        }
        expectApart(made)
        expectCarried(made)
        const mounts = made.filesystems.flatMap((one) => one.mounts.map(({ mountPoint }) => mountPoint))
        const wanted = any.volumes.map(({ mount }) => mount).filter((mount) => mount !== 'swap')
        expect(mounts.toSorted()).toEqual(['/', '/boot', '/boot/efi', ...wanted].toSorted())
        const [root] = made.filesystems.filter((one) => one.mounts.some(({ mountPoint }) => mountPoint === '/'))
        expect(root!.size).toBeGreaterThanOrEqual(any.rootSize ?? 2 * GIB)
      },
    ),
  )
})

/** Each node lies on one that is known before, and what lies on a node together is not larger than it. */
function expectCarried({ disks, layers, filesystems }: StoragePlan): void {
  const room = new Map(disks.flatMap(({ partitions }) => partitions.map(({ id, size }) => [id, size])))
  for (const layer of layers) {
    for (const below of [layer.on].flat()) {
      expect(room.has(below)).toBe(true)
      if (layer.type !== 'raid') room.set(below, room.get(below)! - layer.size)
      expect(room.get(below)).toBeGreaterThanOrEqual(0)
    }
    expect(layer.size).toBeGreaterThan(0)
    room.set(layer.id, layer.size)
  }
  for (const { on, size } of filesystems) expect(size).toBeLessThanOrEqual(room.get(on)!)
}
