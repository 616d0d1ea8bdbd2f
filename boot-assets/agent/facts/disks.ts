// Disks that could be installed on, from lsblk, wipefs and the names udev made below /dev/disk.
import { z } from 'zod'
import type { EraseAbility } from '../../../server/contract/erase.ts'
import type { DiskFacts, PartitionFacts } from '../../../server/contract/facts.ts'

/** Columns for `lsblk --json --bytes --output`. */
export const LSBLK_COLUMNS =
  'NAME,TYPE,SIZE,MODEL,VENDOR,SERIAL,WWN,TRAN,ROTA,RM,RO,LOG-SEC,PHY-SEC,MOUNTPOINTS,FSTYPE,PTTYPE,UUID,PARTN,START,PARTLABEL,PARTTYPE,PARTUUID,DISC-MAX'

const text = z.string().nullish()

const BlockDevice = z.object({
  name: z.string(),
  type: z.string(),
  size: z.number(),
  model: text,
  vendor: text,
  serial: text,
  wwn: text,
  tran: text,
  rota: z.boolean(),
  rm: z.boolean(),
  ro: z.boolean(),
  'log-sec': z.number(),
  'phy-sec': z.number(),
  mountpoints: z.array(z.string().nullable()).default([]),
  fstype: text,
  pttype: text,
  uuid: text,
  partn: z.number().nullish(),
  /** In units of 512 bytes. */
  start: z.number().nullish(),
  partlabel: text,
  parttype: text,
  partuuid: text,
  /** 0 without discard. */
  'disc-max': z.number().nullish(),
  get children() {
    return z.array(BlockDevice).optional()
  },
})
type BlockDevice = z.infer<typeof BlockDevice>

const Lsblk = z.object({ blockdevices: z.array(BlockDevice) })

const Wipefs = z.object({ signatures: z.array(z.object({ device: z.string(), type: z.string() })) })

/** Of type `disk` to lsblk, but nothing to install on: memory, CD drives, network blocks, boot areas of eMMC. */
const NOT_A_DISK = /^(loop|ram|zram|sr|fd|nbd|md|dm-|mtdblock|mmcblk\d+(boot\d+|rpmb|gp\d+)$)/

/** Links below a folder of /dev/disk: link name and the kernel name it leads to. */
export type DiskLinks = readonly (readonly [name: string, target: string])[]

/** Reads `lsblk --json`. The result lists whole disks with a medium, each with its partitions and users as children. */
export function parseLsblk(json: string): BlockDevice[] {
  return Lsblk.parse(JSON.parse(json)).blockdevices.filter(
    (device) => device.type === 'disk' && device.size > 0 && !NOT_A_DISK.test(device.name),
  )
}

/** Reads `wipefs --json`: signature types by kernel name. The output is empty when there are none. */
export function parseWipefs(json: string): Map<string, string[]> {
  const types = new Map<string, string[]>()
  if (json.trim() === '') return types
  for (const { device, type } of Wipefs.parse(JSON.parse(json)).signatures) {
    const name = device.replace(/^\/dev\//, '')
    types.set(name, [...(types.get(name) ?? []), type])
  }
  return types
}

/** Puts together what is known of one disk; `own` is how it can erase itself. */
export function describeDisk(
  device: BlockDevice,
  wipefs: ReadonlyMap<string, readonly string[]>,
  links: { byId: DiskLinks; byPath: DiskLinks },
  own: readonly EraseAbility[] = [],
): DiskFacts {
  const parts = descendants(device)
  const signatures = [device, ...parts].flatMap((part) => [
    ...(wipefs.get(part.name) ?? []),
    ...[part.pttype, part.fstype].flatMap((type) => (type ? [type] : [])),
  ])
  const blocked = blockedBecause(device, parts)
  return {
    name: device.name,
    size: device.size,
    ...known('model', device.model),
    // virtio disks tell the PCI vendor's number, which names nothing.
    ...known('vendor', device.vendor?.startsWith('0x') ? undefined : device.vendor),
    ...known('serial', device.serial),
    ...known('wwn', device.wwn),
    transport: transportOf(device),
    rotational: device.rota,
    removable: device.rm,
    readOnly: device.ro,
    logicalBlockSize: device['log-sec'],
    physicalBlockSize: device['phy-sec'],
    byId: namesOf(device.name, links.byId).sort((a, b) => rankOfId(a) - rankOfId(b) || compare(a, b)),
    byPath: namesOf(device.name, links.byPath),
    ...(blocked === undefined ? {} : { blocked }),
    // MBR is known as `dos` to blkid and `PMBR` to wipefs when it only protects a GPT.
    signatures: [...new Set(signatures)].filter((type) => type !== 'PMBR'),
    partitions: device.pttype === 'gpt' ? (device.children ?? []).flatMap(describePartition) : [],
    erasure: [...own, ...(device['disc-max'] ? [{ method: 'discard' } as const] : [])],
  }
}

function describePartition(part: BlockDevice): PartitionFacts[] {
  const { type, partn, start, size, partlabel, parttype, partuuid, fstype, uuid } = part
  if (type !== 'part' || !partn || typeof start !== 'number') return []
  return [
    {
      number: partn,
      start: start * 512,
      size,
      ...known('name', partlabel),
      ...known('type', parttype),
      ...known('uuid', partuuid),
      ...known('filesystem', fstype),
      ...known('filesystemUuid', uuid),
    },
  ]
}

function descendants(device: BlockDevice): BlockDevice[] {
  return (device.children ?? []).flatMap((child) => [child, ...descendants(child)])
}

/** Arrays and volumes that nobody has mounted are none: in the installer they are what a killed install has left. */
function blockedBecause(device: BlockDevice, parts: readonly BlockDevice[]): string | undefined {
  if (device.ro) return 'read-only'
  for (const part of [device, ...parts]) {
    const mountPoint = part.mountpoints.find((path) => path !== null)
    if (mountPoint === '[SWAP]') return `in use as swap space (${part.name})`
    if (mountPoint) return `in use: ${part.name} is mounted at ${mountPoint}`
  }
  return undefined
}

function transportOf({ name, tran }: BlockDevice): DiskFacts['transport'] {
  if (name.startsWith('nvme')) return 'nvme'
  if (name.startsWith('mmcblk')) return 'mmc'
  if (name.startsWith('vd')) return 'virtio'
  switch (tran) {
    case 'sata':
    case 'ata':
      return 'sata'
    case 'sas':
    case 'usb':
    case 'virtio':
    case 'mmc':
    case 'nvme':
      return tran
    case 'spi':
    case 'fc':
    case 'iscsi':
      return 'scsi'
    default:
      // RAID controllers and virtual SCSI tell no transport.
      return name.startsWith('sd') ? 'scsi' : 'other'
  }
}

/** Names with model and serial say most to people; wwn and eui are as stable but mute. */
function rankOfId(name: string): number {
  if (/^(nvme-(?!eui\.|nvme\.|uuid\.)|ata-|virtio-|usb-|mmc-)/.test(name)) return /_\d+$/.test(name) ? 1 : 0
  if (name.startsWith('scsi-S')) return 1
  return name.startsWith('wwn-') ? 2 : 3
}

function namesOf(target: string, links: DiskLinks): string[] {
  return links.flatMap(([name, to]) => (to === target ? [name] : [])).sort(compare)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function known<K extends string>(key: K, value: string | null | undefined): { [P in K]?: string } {
  const trimmed = value?.replace(/\s+/g, ' ').trim()
  return (trimmed ? { [key]: trimmed } : {}) as { [P in K]?: string }
}
