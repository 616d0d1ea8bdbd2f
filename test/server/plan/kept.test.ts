// What stays in arrays, encryption and volume groups, by what the installer found there; and what is refused rather than lost.
import { describe, expect, it } from 'vitest'
import type { z } from 'zod'
import type { DiskFacts } from '../../../server/contract/facts.ts'
import { planRows } from '../../../server/contract/plan-rows.ts'
import { StoragePlan } from '../../../server/contract/plan.ts'
import { DiskLayout } from '../../../server/contract/spec-disks.ts'
import type { Inside, Insides, InsideVolume } from '../../../server/plan/inside.ts'
import { partitionKey } from '../../../server/plan/inside.ts'
import { placesOf, planDisks } from '../../../server/plan/plan-disks.ts'
import { MIB } from '../../../server/plan/units.ts'
import { disk, secondDisk } from '../../agent/examples.ts'

const GIB = 2 ** 30
const VAR = { mount: '/var', size: 4 * GIB, preserve: true }
const ENCRYPTION = { passphrase: 'long enough' }
const DISK = { serial: 'S1' }
const MIRROR = { scheme: 'raid1' as const, disk: DISK, mirror: { serial: 'S2' } }

type Layout = z.input<typeof DiskLayout>

function planned(layout: Layout, disks: DiskFacts[], insides?: Insides, seed = 'again') {
  const facts = { architecture: 'amd64' as const, firmware: 'uefi' as const, disks, ...(insides && { insides }) }
  return planDisks({ disks: DiskLayout.parse(layout) }, facts, seed)
}

function plan(layout: Layout, disks: DiskFacts[], insides?: Insides, seed?: string): StoragePlan {
  const made = planned(layout, disks, insides, seed)
  if ('code' in made) throw new Error(made.message)
  expect(StoragePlan.parse(made)).toEqual(made)
  return made
}

const UUIDS = { array: 'aaaaaaaa-1111-4111-8111-111111111111', luks: 'bbbbbbbb-1111-4111-8111-111111111111' }
const FILESYSTEM = 'cccccccc-1111-4111-8111-111111111111'

/** The disks as the first install of a layout leaves them: what kind each partition holds, as blkid tells. */
function installed(layout: Layout, disks: DiskFacts[]): { disks: DiskFacts[]; first: StoragePlan } {
  const first = plan(layout, disks, undefined, 'first')
  const kindOf = (id: string): { filesystem?: string; filesystemUuid?: string } => {
    const above = first.layers.find(({ on }) => [on].flat().includes(id))
    if (above?.type === 'raid') return { filesystem: 'linux_raid_member', filesystemUuid: UUIDS.array }
    if (above?.type === 'luks') return { filesystem: 'crypto_LUKS', filesystemUuid: UUIDS.luks }
    if (above) return { filesystem: 'LVM2_member', filesystemUuid: 'lvm' }
    const found = first.filesystems.find(({ on }) => on === id)
    return found ? { filesystem: found.filesystem, filesystemUuid: found.uuid } : {}
  }
  return {
    first,
    disks: first.disks.map(({ disk: facts, partitions }) => ({
      ...facts,
      partitions: partitions.map(({ id, number, start, size, name, uuid }) => {
        return { number, start, size, name, uuid, ...kindOf(id) }
      }),
    })),
  }
}

/** What a look into every partition of that name finds. */
function inside(disks: DiskFacts[], name: string, found: Partial<Inside>): Insides {
  return new Map(
    disks.flatMap((one) =>
      one.partitions
        .filter((partition) => partition.name === name)
        .map((partition) => {
          const { filesystem: kind, filesystemUuid: uuid, size } = partition
          return [partitionKey(one, partition), { kind, uuid, size, ...found }] as const
        }),
    ),
  )
}

const kept = (made: StoragePlan) =>
  planRows(made)
    .filter((row) => row.kept)
    .map(({ place, name }) => `${place} ${name}`)

const xfs: Inside = { kind: 'xfs', uuid: FILESYSTEM, size: 4 * GIB }
const array = (disks: number, opened: Inside): Partial<Inside> => {
  return { array: { uuid: UUIDS.array, level: 1, disks }, opened }
}
const luks = (opened: Inside): Inside => ({ kind: 'crypto_LUKS', uuid: UUIDS.luks, size: 4 * GIB + 16 * MIB, opened })

const volume = (name: string, size: number, more: Partial<InsideVolume> = {}): InsideVolume => {
  return { name, size, layout: 'linear', pool: undefined, inside: undefined, ...more }
}

describe('what stays', () => {
  it('an array, with the partitions of all its disks, by its own number', () => {
    const layout = { ...MIRROR, volumes: [VAR] }
    const { disks, first } = installed(layout, [disk, secondDisk])
    const made = plan(layout, disks, inside(disks, 'var', array(2, xfs)))
    expect(kept(made)).toEqual(['vda 5 var', 'vdb 5 var', 'RAID1 var'])
    expect(made.layers.at(-1)).toMatchObject({ type: 'raid', uuid: UUIDS.array, size: 4 * GIB, kept: true })
    expect(made.filesystems.at(-1)).toMatchObject({ uuid: FILESYSTEM, kept: true, mounts: [{ mountPoint: '/var' }] })
    const own = ({ disks: all }: StoragePlan, at: number) => all[at]!.partitions.find(({ name }) => name === 'var')!
    for (const at of [0, 1]) expect(own(made, at)).toEqual({ ...own(first, at), kept: true })
    expect(made.warnings.filter((text) => text.includes('will be lost'))).toEqual([
      expect.stringMatching(/^everything but var on vda/),
      expect.stringMatching(/^everything but var on vdb/),
    ])
  })

  it('what is encrypted, while root gets new encryption', () => {
    const layout = { disk: DISK, encryption: ENCRYPTION, volumes: [VAR] }
    const { disks } = installed(layout, [disk])
    const made = plan(layout, disks, inside(disks, 'var', luks(xfs)))
    expect(made.layers).toMatchObject([
      { type: 'luks', kept: false },
      { type: 'luks', kept: true, uuid: UUIDS.luks, name: `luks-${UUIDS.luks}` },
    ])
    expect(made.filesystems.map((one) => one.kept)).toEqual([false, false, false, true])
  })

  const group = (volumes: InsideVolume[]): Partial<Inside> => {
    return { kind: 'LVM2_member', group: { name: 'system_old', size: 18 * GIB, extent: 4 * MIB, volumes } }
  }
  const held = volume('var', 6 * GIB, { inside: xfs })

  it('a logical volume in its group, where all others make room', () => {
    const layout = { disk: DISK, scheme: 'lvm' as const, volumes: [VAR, { mount: 'swap', size: GIB }] }
    const { disks } = installed(layout, [disk])
    const insides = inside(disks, 'system', group([volume('root', 8 * GIB), held, volume('mine', 2 * GIB)]))
    const made = plan(layout, disks, insides)
    expect(kept(made)).toEqual(['vda 4 system', 'volume group system_old', 'volume var'])
    expect(made.layers[0]).toMatchObject({ name: 'system_old', remove: ['root', 'mine'] })
    const sizes = made.layers.slice(1).map(({ name, size }) => [name, size / GIB])
    // Root takes what is left of the group.
    expect(sizes).toEqual([['root', 11], ['var', 6], ['swap', 1]]) // prettier-ignore
    expect(made.warnings[0]).toMatch(/^everything but volume var on vda/)
  })

  it('a thin volume with its pool', () => {
    const layout = { disk: DISK, scheme: 'lvm' as const, thin: true, volumes: [VAR] }
    const { disks } = installed(layout, [disk])
    const thin = { layout: 'thin', pool: 'tank' }
    const volumes = [volume('tank', 17 * GIB, { layout: 'pool' }), volume('root', 9 * GIB, thin), { ...held, ...thin }]
    const made = plan(layout, disks, inside(disks, 'system', group(volumes)))
    expect(made.layers).toMatchObject([
      { type: 'volume-group', remove: ['root'] },
      { type: 'thin-pool', name: 'tank', size: 17 * GIB, kept: true },
      { name: 'root', kept: false, size: 11 * GIB },
      { name: 'var', kept: true, size: 6 * GIB },
    ])
  })

  it('a group without the volume is made anew, as by a first install', () => {
    const layout = { disk: DISK, scheme: 'lvm' as const, volumes: [VAR] }
    const { disks } = installed(layout, [disk])
    expect(kept(plan(layout, disks, inside(disks, 'system', group([volume('root', 9 * GIB)]))))).toEqual([])
  })

  it('before anybody has looked, a plan supposes the best and says so', () => {
    const layout = {
      ...MIRROR,
      scheme: 'lvm' as const,
      mirror: undefined,
      raid: { level: 1 as const, disks: [{ serial: 'S2' }] },
    }
    const all = { ...layout, encryption: ENCRYPTION, volumes: [VAR] }
    const { disks } = installed(all, [disk, secondDisk])
    const made = plan(all, disks)
    expect(kept(made).map((row) => row.replace(/[-_][0-9a-f-]+$/, ''))).toEqual([
      'vda 4 system',
      'vdb 4 system',
      'RAID1 system',
      'encrypted luks',
      'volume group system',
      'volume var',
    ])
    expect(made.warnings.at(-1)).toMatch(/looks into partition system before anything is written/)
    const places = placesOf({ disks: DiskLayout.parse(all) }, { disks })
    expect(places.map((place) => partitionKey(place.disk, place.partition))).toEqual(['vda 4', 'vdb 4'])
  })
})

describe('what is refused', () => {
  const mirrored = { ...MIRROR, volumes: [VAR] }
  const sealed = { disk: DISK, encryption: ENCRYPTION, volumes: [VAR] }
  const grouped = { disk: DISK, scheme: 'lvm' as const, volumes: [VAR] }
  const alone = { disk: DISK, volumes: [VAR] }
  const locked = { problem: { code: 'DISK_LOCKED' as const, text: 'no key opens it', hint: 'find the key' } }
  const linear = (more: Partial<InsideVolume>): Partial<Inside> => {
    const volumes = [volume('var', 6 * GIB, { inside: xfs, ...more })]
    return { group: { name: 'system_old', size: 18 * GIB, extent: 4 * MIB, volumes } }
  }

  it.each<[string, Layout, string, Partial<Inside>, object]>([
    [
      'a lock without a key',
      sealed,
      'var',
      locked,
      { code: 'DISK_LOCKED', hint: 'find the key', message: /no key opens/ },
    ],
    [
      'an array of another level',
      mirrored,
      'var',
      { array: { uuid: UUIDS.array, level: 0, disks: 2 }, opened: xfs },
      { message: /level 0 on 2 disks, not of level 1/ },
    ],
    [
      'another file system in an array',
      mirrored,
      'var',
      array(2, { ...xfs, kind: 'ext4' }),
      { message: /holds ext4, not xfs/ },
    ],
    [
      'nothing known behind a lock',
      sealed,
      'var',
      luks({ ...xfs, kind: undefined }),
      { message: /nothing known, not xfs/ },
    ],
    [
      'a thick volume for a thin one',
      { ...grouped, thin: true },
      'system',
      linear({}),
      { message: /linear, not thin/ },
    ],
    [
      'another file system in a volume',
      grouped,
      'system',
      linear({ inside: { ...xfs, kind: 'btrfs' } }),
      { message: /volume var in it holds btrfs/ },
    ],
    [
      'a group without room for the rest',
      grouped,
      'system',
      linear({ size: 17 * GIB }),
      { code: 'DISK_TOO_SMALL', message: /1.07 GB beside var/ },
    ],
  ])('%s', (_, layout, name, found, refusal) => {
    const { disks } = installed(layout, [disk, secondDisk])
    const { message, ...rest } = refusal as { message: RegExp }
    expect(planned(layout, disks, inside(disks, name, found))).toMatchObject({
      code: 'DISK_LAYOUT',
      ...rest,
      message: expect.stringMatching(message),
    })
  })

  it.each<[string, Layout, Layout, RegExp]>([
    ['a volume that was a partition', alone, grouped, /may be in partition var of vda .*, which holds xfs/],
    ['a partition that was a volume', grouped, alone, /may be in partition system of vda .*, which holds LVM2_member/],
    ['encryption where there was none', alone, sealed, /holds xfs, and is not encrypted/],
    ['no encryption where there was one', sealed, alone, /holds crypto_LUKS, not xfs/],
    ['an array where there was none', alone, mirrored, /is not on vdb/],
  ])('%s: nothing is lost because the layout is another now', (_, before, now, message) => {
    const { disks } = installed(before, [disk])
    expect(planned(now, [...disks, secondDisk], new Map())).toMatchObject({
      code: 'DISK_LAYOUT',
      message: expect.stringMatching(message),
    })
  })

  it('larger partitions than there is room for beside what stays', () => {
    const { disks } = installed(grouped, [disk])
    const insides = inside(disks, 'system', linear({}))
    expect(planned({ ...grouped, bootSize: 2 * GIB }, disks, insides)).toMatchObject({
      code: 'DISK_TOO_SMALL',
      message: expect.stringMatching(/no room for the rest of the layout beside system, which stays/),
    })
  })

  it('a mirror whose other half is a new disk', () => {
    const { disks } = installed(mirrored, [disk, secondDisk])
    expect(planned(mirrored, [disks[0]!, secondDisk], new Map())).toMatchObject({
      code: 'DISK_LAYOUT',
      message: expect.stringMatching(/it is not on vdb/),
      hint: expect.stringMatching(/complete its array first/),
    })
  })
})
