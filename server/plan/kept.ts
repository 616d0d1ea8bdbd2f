// Finds what an earlier install left and the layout preserves: partitions, and what arrays, encryption and volume groups in them hold.
import type { DiskFacts, PartitionFacts } from '../contract/facts.ts'
import type { Failure } from '../contract/install.ts'
import type { DiskLayout, Raid } from '../contract/spec-disks.ts'
import { partitionKey } from './inside.ts'
import type { Inside, InsideGroup, Insides } from './inside.ts'
import { describeDisk } from './select-disk.ts'
import { raidOf, SYSTEM, wantedVolumes } from './wanted-volumes.ts'
import type { WantedVolume } from './wanted-volumes.ts'

/** Something that is there; what is undefined will be known when the installer has looked. */
export interface Found {
  uuid?: string | undefined
  /** Bytes. */
  size?: number | undefined
}

/** One partition, on each disk of its array, with everything in it that stays. */
export interface Kept {
  /** In the order of the disks. */
  partitions: PartitionFacts[]
  array: Found | undefined
  luks: Found | undefined
  /** Undefined where there is none, or nobody has looked. */
  group: InsideGroup | undefined
  /** File systems that stay, by the names of their volumes. */
  filesystems: ReadonlyMap<string, Found>
  /** The installer has yet to look into it: what it finds decides. */
  unseen: boolean
}

/** What can hold more than a file system. */
const LAYERS = ['linux_raid_member', 'crypto_LUKS', 'LVM2_member']

const HINT =
  'save what it holds and leave preserve out of this volume for one install, or change the layout to what is there'

/** Partitions that the installer has to look into before a plan for this layout can be made; `disks` are those of the layout. */
export function placesToLookInto(
  layout: DiskLayout,
  disks: readonly DiskFacts[],
): { disk: DiskFacts; partition: PartitionFacts }[] {
  const names = layout.scheme === 'lvm' ? [SYSTEM] : preservedVolumes(layout).map(({ name }) => name)
  if (preservedVolumes(layout).length === 0) return []
  return disks.flatMap((disk) =>
    disk.partitions
      .filter(({ name, filesystem }) => names.includes(name ?? '') && LAYERS.includes(filesystem ?? ''))
      .map((partition) => ({ disk, partition })),
  )
}

/** Volumes of the layout whose content stays if it is there. */
export function preservedVolumes(layout: DiskLayout): WantedVolume[] {
  return wantedVolumes(layout).filter(({ preserve }) => preserve)
}

/**
 * What stays, by the names of partitions; nothing for volumes that are not there yet, which are made. Refuses with DISK_LAYOUT, or with what the
 * installer says, where that cannot be told for sure, or something else is there than the layout wants: what may hold it is never overwritten.
 * `insides` is undefined where nobody has looked yet.
 */
export function findKept(
  layout: DiskLayout,
  disks: readonly DiskFacts[],
  insides: Insides | undefined,
): Map<string, Kept> | Failure {
  const kept = new Map<string, Kept>()
  const preserved = preservedVolumes(layout)
  if (preserved.length === 0) return kept
  const find = layout.scheme === 'lvm' ? [SYSTEM] : preserved.map(({ name }) => name)
  for (const name of find) {
    const found = new Search(name, layout, disks, insides).run()
    if (found && 'code' in found) return found
    if (found) kept.set(name, found)
  }
  return kept
}

/** For one partition of the layout. */
class Search {
  readonly #name: string
  readonly #layout: DiskLayout
  readonly #raid: Raid | undefined
  readonly #disks: readonly DiskFacts[]
  readonly #insides: Insides | undefined

  constructor(name: string, layout: DiskLayout, disks: readonly DiskFacts[], insides: Insides | undefined) {
    this.#name = name
    this.#layout = layout
    this.#raid = raidOf(layout)
    this.#disks = disks
    this.#insides = insides
  }

  run(): Kept | Failure | undefined {
    const partitions = this.#partitions()
    if (partitions === undefined || 'code' in partitions) return partitions
    const [first] = partitions
    const base: Inside = { kind: first!.filesystem, uuid: first!.filesystemUuid, size: first!.size }
    const stack = this.#descend(partitions, this.#insides?.get(partitionKey(this.#disks[0]!, first!)) ?? base)
    if ('code' in stack) return stack
    const { leaf, ...layers } = stack
    const held = this.#layout.scheme === 'lvm' ? this.#inGroup(leaf) : this.#alone(leaf)
    if (held === undefined || 'code' in held) return held
    return {
      partitions,
      ...layers,
      ...held,
      unseen: leaf === undefined || (LAYERS.includes(leaf.kind ?? '') && !leaf.group),
    }
  }

  /** The partition of that name on each disk; undefined when there is none, and nothing else may hold the volume. */
  #partitions(): PartitionFacts[] | Failure | undefined {
    const named = this.#disks.map(({ partitions }) => partitions.filter(({ name }) => name === this.#name))
    const several = named.find(({ length }) => length > 1)
    if (several) return this.#refuse(`${several.length} partitions have that name`)
    const found = named.flat()
    const [first] = found
    if (first === undefined) return this.#elsewhere()
    const lacking = this.#disks.filter((_, at) => named[at]!.length === 0)
    if (lacking.length > 0) {
      return this.#refuse(
        `it is not on ${lacking.map(describeDisk).join(' and ')}`,
        'let the system that is installed now complete its array first, or choose the disks that it is on',
      )
    }
    const moved = found.find(
      ({ number, start, size }) => number !== first.number || start !== first.start || size !== first.size,
    )
    if (moved) return this.#refuse('it does not lie at the same place on all disks')
    if (found.some(({ filesystem }) => filesystem !== first.filesystem))
      return this.#refuse('it does not hold the same on all disks')
    return found
  }

  /** An install of another scheme has it where this one would not look, and would not spare it. */
  #elsewhere(): Failure | undefined {
    const names = this.#name === SYSTEM ? preservedVolumes(this.#layout).map(({ name }) => name) : [SYSTEM]
    const holders = this.#disks.flatMap((disk) =>
      disk.partitions
        .filter(({ name, filesystem }) => names.includes(name ?? '') && filesystem !== undefined)
        .map(({ name, filesystem }) => `partition ${name} of ${describeDisk(disk)}, which holds ${filesystem}`),
    )
    // A root by itself is called that in no layout.
    if (holders.length === 0) return undefined
    return {
      code: 'DISK_LAYOUT',
      message: `what disks.volumes preserves is not where this layout has it, but may be in ${holders.join(' and ')}`,
      hint: 'use the layout of the install that made it; if nothing there is needed, leave preserve out for one install',
    }
  }

  /** Through the array and the encryption of the layout. Without a leaf nobody has looked yet. */
  #descend(
    partitions: readonly PartitionFacts[],
    base: Inside,
  ): (Pick<Kept, 'array' | 'luks'> & { leaf: Inside | undefined }) | Failure {
    const { encryption } = this.#layout
    let at: Inside | undefined = base
    let array: Found | undefined
    let luks: Found | undefined
    if (this.#raid) {
      if (at.kind !== 'linux_raid_member')
        return this.#refuse(`it holds ${at.kind ?? 'nothing known'}, not a part of an array`)
      if (partitions.some(({ filesystemUuid }) => filesystemUuid !== at?.uuid))
        return this.#refuse('its parts belong to several arrays')
      if (at.problem) return this.#problem(at.problem)
      if (at.array && (at.array.level !== this.#raid.level || at.array.disks !== partitions.length)) {
        return this.#refuse(
          `it holds an array of level ${at.array.level} on ${at.array.disks} disks, not of level ${this.#raid.level} on ${partitions.length}`,
        )
      }
      array = { uuid: at.array?.uuid, size: at.opened?.size }
      at = at.opened
    }
    if (encryption) {
      if (at && at.kind !== 'crypto_LUKS')
        return this.#refuse(`it holds ${at.kind ?? 'nothing known'}, and is not encrypted`)
      if (at?.problem) return this.#problem(at.problem)
      luks = { uuid: at?.uuid, size: at?.opened?.size }
      at = at?.opened
    }
    return { array, luks, leaf: at }
  }

  #alone(leaf: Inside | undefined): Pick<Kept, 'group' | 'filesystems'> | Failure {
    const { filesystem } = preservedVolumes(this.#layout).find(({ name }) => name === this.#name)!
    const wrong = leaf && this.#wrongFilesystem(leaf, filesystem)
    return wrong ?? { group: undefined, filesystems: new Map([[this.#name, { uuid: leaf?.uuid, size: leaf?.size }]]) }
  }

  #inGroup(leaf: Inside | undefined): Pick<Kept, 'group' | 'filesystems'> | Failure | undefined {
    const preserved = preservedVolumes(this.#layout)
    if (leaf && leaf.kind !== 'LVM2_member')
      return this.#refuse(`it holds ${leaf.kind ?? 'nothing known'}, not a volume group`)
    if (leaf?.problem) return this.#problem(leaf.problem)
    const group = leaf?.group
    if (group === undefined) return { group, filesystems: new Map(preserved.map(({ name }) => [name, {}])) }
    const filesystems = new Map<string, Found>()
    for (const { name, filesystem } of preserved) {
      const volume = group.volumes.find((one) => one.name === name)
      if (volume === undefined) continue
      const kind = this.#layout.thin ? 'thin' : 'linear'
      if (volume.layout !== kind) return this.#refuse(`volume ${name} in it is ${volume.layout}, not ${kind}`)
      const wrong = this.#wrongFilesystem(volume.inside, filesystem, `volume ${name} in it`)
      if (wrong) return wrong
      filesystems.set(name, { uuid: volume.inside?.uuid, size: volume.size })
    }
    if (filesystems.size > 0) return { group, filesystems }
    return this.#elsewhere()
  }

  #wrongFilesystem(inside: Inside | undefined, wanted: string, what = 'it'): Failure | undefined {
    if (inside?.kind !== wanted) return this.#refuse(`${what} holds ${inside?.kind ?? 'nothing known'}, not ${wanted}`)
    return inside.uuid === undefined ? this.#refuse(`the file system of ${what} has no UUID to mount it by`) : undefined
  }

  #problem({ code, text, hint }: NonNullable<Inside['problem']>): Failure {
    return { ...this.#refuse(text, hint), code }
  }

  #refuse(message: string, hint = HINT): Failure {
    const where = this.#disks.map(describeDisk).join(' and ')
    return {
      code: 'DISK_LAYOUT',
      message: `partition ${this.#name} of ${where} is to be preserved, but ${message}`,
      hint,
    }
  }
}
