// How arrays, encryption and logical volumes are made, and where the kernel shows them then.
import type { PlannedLayer, StoragePlan } from '../../../server/contract/plan.ts'
import { RAID_DATA_OFFSET, THIN_METADATA } from '../../../server/plan/layers.ts'

/** Texts that open encrypted layers; the first is the person's own, and is what the installer itself opens them with. */
export type Keys = readonly [string, ...string[]]

interface LayerCommand {
  command: [string, ...string[]]
  /** Standard input: keys go that way, where no process list shows them. */
  input?: string
}

export interface LayerSteps {
  commands: LayerCommand[]
  /** Where it appears; undefined for what is only a container of others. */
  device: string | undefined
}

/** The tools make nodes and links themselves: the installer's udev has no rules for them. */
export const NO_UDEV = { DM_DISABLE_UDEV: '1', MDADM_NO_UDEV: '1' }

export const LVM_CONFIG =
  'activation { udev_sync=0 udev_rules=0 monitoring=0 } global { thin_check_executable="" } devices { use_devicesfile=0 }'

/** Argon2 with as much memory as any machine has left while it starts. */
const PBKDF = ['--pbkdf', 'argon2id', '--pbkdf-memory', String(256 * 1024)]

/** Their control devices are there only once the kernel has them. */
const MODULES: Record<PlannedLayer['type'], string[]> = {
  raid: ['md_mod'],
  luks: ['dm_mod', 'dm_crypt'],
  'volume-group': ['dm_mod'],
  'thin-pool': ['dm_thin_pool'],
  'logical-volume': ['dm_mod'],
}

/** Kernel modules that these layers need before their tools run. */
export function layerModules(layers: readonly PlannedLayer[]): string[] {
  return [...new Set(layers.flatMap(({ type }) => MODULES[type]))]
}

/** What opens the encrypted layers of a plan, those that are made and those that stay. */
export interface Secrets {
  /** Undefined when nothing is encrypted. */
  keys: Keys | undefined
  /** By UUID, what opens a layer that stays. */
  opening: ReadonlyMap<string, string>
}

/** What makes a layer of the plan, or takes one into use that stays. `deviceOf` tells where the nodes below it are. */
export function layerSteps(
  layer: PlannedLayer,
  { layers }: Pick<StoragePlan, 'layers'>,
  deviceOf: (id: string) => string,
  secrets: Secrets,
): LayerSteps {
  switch (layer.type) {
    case 'raid':
      return layer.kept ? keptRaidSteps(layer, deviceOf) : raidSteps(layer, deviceOf)
    case 'luks':
      return layer.kept
        ? keptLuksSteps(layer, deviceOf(layer.on), secrets)
        : luksSteps(layer, deviceOf(layer.on), secrets.keys)
    case 'volume-group': {
      const below = deviceOf(layer.on)
      if (layer.kept) {
        const commands = layer.remove.map((name) => lvm(below, 'lvremove', '--force', `${layer.name}/${name}`))
        return { commands, device: undefined }
      }
      const commands = [lvm(below, 'pvcreate', '--force', '--force', below), lvm(below, 'vgcreate', layer.name, below)]
      return { commands, device: undefined }
    }
    case 'thin-pool': {
      if (layer.kept) return { commands: [], device: undefined }
      const group = groupOf(layer, layers)
      const size = ['--size', `${layer.size}b`, '--poolmetadatasize', `${THIN_METADATA}b`]
      const name = ['--name', layer.name, group.name]
      return {
        commands: [lvm(deviceOf(group.on), 'lvcreate', '--type', 'thin-pool', ...size, ...name)],
        device: undefined,
      }
    }
    case 'logical-volume': {
      const group = groupOf(layer, layers)
      const pool = layers.find(({ id, type }) => id === layer.on && type === 'thin-pool')
      const kind = pool
        ? ['--type', 'thin', '--virtualsize', `${layer.size}b`, '--thinpool', pool.name]
        : ['--wipesignatures', 'y', '--size', `${layer.size}b`]
      const command = layer.kept
        ? lvm(
            deviceOf(group.on),
            'lvchange',
            '--activate',
            'y',
            '--ignoreactivationskip',
            `${group.name}/${layer.name}`,
          )
        : lvm(deviceOf(group.on), 'lvcreate', ...kind, '--name', layer.name, group.name)
      return { commands: [command], device: mapperPath(group.name, layer.name) }
    }
  }
}

type Layer<Type extends PlannedLayer['type']> = Extract<PlannedLayer, { type: Type }>

function raidSteps({ name, level, metadata, uuid, on }: Layer<'raid'>, deviceOf: (id: string) => string): LayerSteps {
  const device = `/dev/md/${name}`
  const settings = [
    ['--run', '--quiet', '--level', String(level), '--raid-devices', String(on.length)],
    ['--metadata', metadata, '--uuid', uuid, '--name', name, '--homehost', 'any'],
    level === 0 ? [] : ['--bitmap', 'internal'],
    metadata === '1.0' ? [] : ['--data-offset', `${RAID_DATA_OFFSET / 1024}K`],
  ].flat()
  return { commands: [{ command: ['mdadm', '--create', device, ...settings, ...on.map(deviceOf)] }], device }
}

/** With all its members, which were counted: a part of an array is never started by itself. */
function keptRaidSteps({ name, uuid, on }: Layer<'raid'>, deviceOf: (id: string) => string): LayerSteps {
  const device = `/dev/md/${name}`
  const command = ['mdadm', '--assemble', device, '--quiet', '--uuid', uuid, ...on.map(deviceOf)] as const
  return { commands: [{ command: [...command] }], device }
}

/** Keys that opened it stay; those of the install come beside them. */
function keptLuksSteps({ name, uuid }: Layer<'luks'>, below: string, { keys, opening }: Secrets): LayerSteps {
  const own = opening.get(uuid)
  if (own === undefined) throw new Error(`the plan keeps what is encrypted on ${below}, but there is no key for it`)
  const others = (keys ?? []).filter((key) => key !== own)
  return {
    commands: [
      { command: ['cryptsetup', 'open', '--type', 'luks', below, name], input: `${own}\n` },
      ...others.map((key): LayerCommand => {
        return { command: ['cryptsetup', 'luksAddKey', '--batch-mode', ...PBKDF, below], input: `${own}\n${key}\n` }
      }),
    ],
    device: `/dev/mapper/${name}`,
  }
}

function luksSteps({ name, uuid }: Layer<'luks'>, below: string, keys: Keys | undefined): LayerSteps {
  if (keys === undefined) throw new Error(`the plan encrypts ${below}, but there is no key`)
  const [own, ...others] = keys
  const format = ['--type', 'luks2', '--batch-mode', '--uuid', uuid, '--key-slot', '0', ...PBKDF]
  return {
    commands: [
      { command: ['cryptsetup', 'luksFormat', ...format, below], input: `${own}\n` },
      ...others.map((key, at): LayerCommand => {
        const slot = ['--batch-mode', '--key-slot', String(at + 1), ...PBKDF]
        return { command: ['cryptsetup', 'luksAddKey', ...slot, below], input: `${own}\n${key}\n` }
      }),
      { command: ['cryptsetup', 'open', '--type', 'luks2', below, name], input: `${own}\n` },
    ],
    device: `/dev/mapper/${name}`,
  }
}

/** Sees nothing but the volumes on `below`: other disks may have groups of the same name. */
function lvm(below: string, command: string, ...args: string[]): LayerCommand {
  return { command: ['lvm', command, '--yes', '--quiet', '--config', LVM_CONFIG, '--devices', below, ...args] }
}

function groupOf({ on }: { on: string }, layers: readonly PlannedLayer[]): Layer<'volume-group'> {
  const below = layers.find(({ id }) => id === on)
  if (below?.type === 'volume-group') return below
  if (below?.type === 'thin-pool') return groupOf(below, layers)
  throw new Error(`the plan has no volume group below ${on}`)
}

/** Where a logical volume appears. */
export function mapperPath(group: string, volume: string): string {
  return `/dev/mapper/${mapperName(group)}-${mapperName(volume)}`
}

/** The device mapper joins group and volume by a hyphen and doubles those of the names. */
function mapperName(name: string): string {
  return name.replaceAll('-', '--')
}
