// Looks into partitions whose content shall stay: arrays, encryption and volume groups are opened for reading, and closed again.
import { z } from 'zod'
import type { DiskFacts, PartitionFacts } from '../../../server/contract/facts.ts'
import { partitionKey } from '../../../server/plan/inside.ts'
import type { Inside, Insides, InsideVolume } from '../../../server/plan/inside.ts'
import { CommandError } from '../sys/command.ts'
import type { Host } from '../sys/host.ts'
import { LVM_CONFIG, mapperPath, NO_UDEV } from './layers.ts'
import { partitionPath } from './sfdisk.ts'
import { takeDown } from './take-down.ts'

interface Place {
  disk: DiskFacts
  partition: PartitionFacts
}

export interface LookOptions {
  host: Host
  places: readonly Place[]
  /** Names of the logical volumes whose content is asked for. */
  volumes: readonly string[]
  /** Tried one after the other on what is encrypted. */
  keys: readonly string[]
  /** How many more it has to take then. */
  newKeys: number
  say: (text: string) => void
}

export interface Look {
  insides: Insides
  /** What opened each encryption, by its UUID. A secret. */
  opening: ReadonlyMap<string, string>
}

/** Exit status of cryptsetup when no key slot takes the key. */
const NO_PERMISSION = 2

const LUKS1_SLOTS = 8
const LUKS2_SLOTS = 32

const LOCKED: NonNullable<Inside['problem']> = {
  code: 'DISK_LOCKED',
  text: 'it is encrypted, and neither disks.encryption.passphrase nor a key that is kept for this machine opens it',
  hint: 'set disks.encryption.passphrase to one that opens it, or leave preserve out for one install if what it holds may be lost',
}

/** Nothing is written, neither to what is found nor to its headers. Throws CommandError where a tool fails for another reason than a wrong key. */
export async function lookInside(options: LookOptions): Promise<Look> {
  const { host, places, say } = options
  const insides = new Map<string, Inside>()
  const opening = new Map<string, string>()
  if (places.length === 0) return { insides, opening }
  const disks = [...new Set(places.map(({ disk }) => disk.name))]
  await host.run('modprobe', ['-a', 'md_mod', 'dm_mod', 'dm_crypt'])
  // What a killed install has left open may be open for writing.
  for (const disk of disks) await takeDown(host, disk)
  const glance = new Glance(options, opening)
  try {
    for (const members of arraysOf(places)) {
      const names = members.map(({ disk, partition }) => partitionPath(`/dev/${disk.name}`, partition.number))
      say(`looking into ${names.join(' and ')}, whose content shall stay`)
      const [{ partition }] = members as [Place]
      const { filesystem: kind, filesystemUuid: uuid, size } = partition
      const inside = await glance.into({ kind, uuid, size }, names)
      for (const member of members) insides.set(partitionKey(member.disk, member.partition), inside)
    }
  } finally {
    for (const disk of disks) await takeDown(host, disk)
  }
  return { insides, opening }
}

/** Parts of one array together, everything else by itself. */
function arraysOf(places: readonly Place[]): Place[][] {
  const groups = new Map<string, Place[]>()
  for (const place of places) {
    const { filesystem, filesystemUuid } = place.partition
    const own =
      filesystem === 'linux_raid_member' && filesystemUuid ? filesystemUuid : partitionKey(place.disk, place.partition)
    groups.set(own, [...(groups.get(own) ?? []), place])
  }
  return [...groups.values()]
}

class Glance {
  readonly #options: LookOptions
  readonly #opening: Map<string, string>

  constructor(options: LookOptions, opening: Map<string, string>) {
    this.#options = options
    this.#opening = opening
  }

  /** `nodes` are where it is: several of an array. */
  async into(inside: Inside, nodes: readonly string[]): Promise<Inside> {
    switch (inside.kind) {
      case 'linux_raid_member':
        return { ...inside, ...(await this.#array(nodes)) }
      case 'crypto_LUKS':
        return { ...inside, ...(await this.#encryption(nodes[0]!, inside.uuid ?? 'unknown')) }
      case 'LVM2_member':
        return { ...inside, ...(await this.#group(nodes[0]!)) }
      default:
        return inside
    }
  }

  async #array(nodes: readonly string[]): Promise<Pick<Inside, 'array' | 'opened' | 'problem'>> {
    const { host } = this.#options
    const { stdout } = await host.run('mdadm', ['--examine', '--export', nodes[0]!], { env: NO_UDEV })
    const value = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(stdout)?.[1] ?? ''
    const disks = Number(value('MD_DEVICES'))
    const array = { uuid: uuidOf(value('MD_UUID')), level: Number(value('MD_LEVEL').replace('raid', '')), disks }
    if (nodes.length < disks) return { array, problem: degraded(disks - nodes.length, disks) }
    const device = `/dev/md/${array.uuid.slice(0, 8)}`
    await host.run('mdadm', ['--assemble', device, '--quiet', '--readonly', '--uuid', array.uuid, ...nodes], {
      env: NO_UDEV,
    })
    const node = (await host.resolve(device)) ?? device
    const lacking = Number((await host.read(`/sys/class/block/${node.replace('/dev/', '')}/md/degraded`)) ?? 0)
    if (lacking > 0) return { array, problem: degraded(lacking, disks) }
    return { array, opened: await this.#opened(node) }
  }

  async #encryption(node: string, uuid: string): Promise<Pick<Inside, 'opened' | 'problem'>> {
    const { host, keys, newKeys } = this.#options
    const name = `luks-${uuid}`
    const { stdout: header } = await host.run('cryptsetup', ['luksDump', node])
    const slots = /^Version:\s+1$/m.test(header) ? LUKS1_SLOTS : LUKS2_SLOTS
    const taken = header.match(/^(\s+\d+: luks2|Key Slot \d+: ENABLED)$/gm)?.length ?? 0
    if (taken + newKeys > slots) return { problem: fullOfKeys(taken, slots) }
    for (const key of keys) {
      try {
        await host.run('cryptsetup', ['open', '--type', 'luks', '--readonly', '--tries', '1', node, name], {
          env: NO_UDEV,
          input: `${key}\n`,
        })
      } catch (error) {
        if (error instanceof CommandError && error.exitCode === NO_PERMISSION) continue
        throw error
      }
      this.#opening.set(uuid, key)
      return { opened: await this.#opened(`/dev/mapper/${name}`) }
    }
    return { problem: LOCKED }
  }

  async #group(node: string): Promise<Pick<Inside, 'group' | 'problem'>> {
    const found = await this.#report(node, 'vgs', Groups, 'vg_name,vg_size,vg_extent_size,pv_count')
    const [first] = found.vg
    if (first === undefined) return { problem: { code: 'DISK_LAYOUT', text: 'it belongs to no volume group' } }
    const { vg_name: name, vg_size: size, vg_extent_size: extent, pv_count: parts } = first
    if (parts > 1) {
      const text = `its volume group ${name} has ${parts} parts: only one of a single part can stay`
      return { problem: { code: 'DISK_LAYOUT', text } }
    }
    const { lv } = await this.#report(node, 'lvs', Volumes, 'lv_name,lv_size,lv_layout,pool_lv', name)
    const volumes: InsideVolume[] = []
    for (const { lv_name, lv_size, lv_layout, pool_lv } of lv) {
      const kinds = lv_layout.split(',')
      // A pool is `thin,pool`, what is in it `thin,sparse`.
      const layout = ['pool', 'thin', 'linear'].find((kind) => kinds.includes(kind)) ?? lv_layout
      const asked = this.#options.volumes.includes(lv_name) && layout !== 'pool'
      const inside = asked ? await this.#volume(node, name, lv_name, layout) : undefined
      volumes.push({ name: lv_name, size: lv_size, layout, pool: pool_lv || undefined, inside })
    }
    return { group: { name, size, extent, volumes } }
  }

  async #volume(node: string, group: string, name: string, layout: string): Promise<Inside> {
    // LVM would make the pool read-only as well, which the kernel refuses. A pool that nobody writes to writes nothing of its own.
    const readOnly = layout === 'thin' ? '' : ` activation/read_only_volume_list=["${group}/${name}"]`
    const config = `${LVM_CONFIG}${readOnly}`
    const activate = ['lvchange', '--activate', 'y', '--ignoreactivationskip', '--quiet', '--config', config]
    await this.#options.host.run('lvm', [...activate, '--devices', node, `${group}/${name}`], { env: NO_UDEV })
    return this.#opened(mapperPath(group, name))
  }

  async #report<T>(node: string, command: string, row: z.ZodType<T>, columns: string, ...what: string[]): Promise<T> {
    const format = ['--reportformat', 'json', '--units', 'b', '--nosuffix', '--options', columns]
    const scope = ['--quiet', '--config', LVM_CONFIG, '--devices', node]
    const { stdout } = await this.#options.host.run('lvm', [command, ...format, ...scope, ...what], { env: NO_UDEV })
    return z.object({ report: z.tuple([row]) }).parse(JSON.parse(stdout)).report[0]
  }

  /** What a device that was opened holds. */
  async #opened(path: string): Promise<Inside> {
    const { host } = this.#options
    const node = (await host.resolve(path)) ?? path
    // Nodes of the device mapper do not bear the names that the kernel has for them.
    const size = await host.run('blockdev', ['--getsize64', node])
    // It fails where it knows nothing.
    const { stdout } = await host.run('blkid', ['--probe', '--output', 'export', node]).catch(() => ({ stdout: '' }))
    const value = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(stdout)?.[1]
    return this.into({ kind: value('TYPE'), uuid: value('UUID'), size: Number(size.stdout) }, [node])
  }
}

const Groups = z.object({
  vg: z.array(
    z.object({
      vg_name: z.string(),
      vg_size: z.coerce.number(),
      vg_extent_size: z.coerce.number(),
      pv_count: z.coerce.number(),
    }),
  ),
})

const Volumes = z.object({
  lv: z.array(
    z.object({ lv_name: z.string(), lv_size: z.coerce.number(), lv_layout: z.string(), pool_lv: z.string() }),
  ),
})

function fullOfKeys(taken: number, slots: number): NonNullable<Inside['problem']> {
  return {
    code: 'DISK_LOCKED',
    text: `${taken} of its ${slots} key slots are taken, and the keys of this install do not fit`,
    hint: 'remove keys that are no longer needed, by `cryptsetup luksKillSlot` in the system that is installed now',
  }
}

function degraded(lacking: number, disks: number): NonNullable<Inside['problem']> {
  return {
    code: 'DISK_LAYOUT',
    text: `its array lacks ${lacking} of ${disks} disks`,
    hint: 'let the system that is installed now complete the array first, or put the disk back',
  }
}

/** mdadm prints four words, blkid and plans the usual groups. */
function uuidOf(words: string): string {
  return words.replaceAll(':', '').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
