// Devices and interfaces as NetBox's API has them (https://netboxlabs.com/docs/netbox/models/dcim/device/), as far as machines have the same.
import { z } from 'zod'
import type { MachineSummary } from '../contract/machine.ts'
import { DocumentError } from './errors.ts'
import { issueText } from './issue-text.ts'
import { machineRow } from './machine-row.ts'
import type { MachineRow } from './machine-row.ts'

/** A choice, a reference, or its name alone; NetBox writes each of them somewhere. */
const Named = z
  .union([
    z.string(),
    z.number(),
    z.looseObject({ slug: z.string().optional(), name: z.string().optional(), value: z.string().optional() }),
  ])
  .nullish()

const Address = z.looseObject({ mac_address: z.string() })

const Interface = z.looseObject({
  device: z
    .union([z.string(), z.number(), z.looseObject({ id: z.number().optional(), name: z.string().nullish() })])
    .nullish(),
  type: Named,
  mgmt_only: z.boolean().nullish(),
  mac_address: z.string().nullish(),
  primary_mac_address: Address.nullish(),
  mac_addresses: z.array(Address).nullish(),
})
type Interface = z.infer<typeof Interface>

const Device = z.looseObject({
  /** Devices have none; to read a document as a device would leave out most of it without a word. */
  kind: z.never({ error: 'this is a document, not a device: import it as yaml, or `landfall apply` it' }).optional(),
  id: z.number().nullish(),
  name: z.string().nullish(),
  interfaces: z.array(Interface).nullish(),
})

/** What becomes a label of the same name. */
const LABELS = ['site', 'location', 'rack', 'position', 'role', 'tenant', 'platform'] as const
/** Interfaces of these kinds have addresses made up by software. */
const VIRTUAL = new Set(['virtual', 'bridge', 'lag'])

const listOf = (item: z.ZodType) => z.union([z.array(item), z.looseObject({ results: z.array(item) })])
const File = z.union([
  listOf(z.unknown()),
  z.looseObject({ devices: listOf(z.unknown()), interfaces: listOf(Interface).optional() }),
])

/** A list of devices, an answer of `/api/dcim/devices/`, or both that and the one of `/api/dcim/interfaces/`. Throws DocumentError NETBOX_INVALID. */
export function readNetbox(text: string): MachineRow[] {
  const { devices, interfaces } = readFile(text)
  const owned = Map.groupBy(interfaces, ownerOf)
  return devices.map((given, at) => {
    const row = at + 1
    const device = Device.safeParse(given)
    if (!device.success) {
      const named = z.object({ name: z.string() }).safeParse(given).data
      return { row, name: named?.name, problem: device.error.issues.map(issueText).join('; ') }
    }
    const { id, name } = device.data
    const own = [id, name].flatMap((owner) => (owner == null ? [] : (owned.get(owner) ?? [])))
    const labels = LABELS.flatMap((key) => {
      // `device_role` until NetBox 3.6.
      const value = nameOf(device.data[key] ?? (key === 'role' ? device.data['device_role'] : undefined))
      return value === undefined ? [] : [[key, value] as const]
    })
    return machineRow(row, {
      ...(name && { name }),
      macs: [...new Set([...(device.data.interfaces ?? []), ...own].flatMap(macsOf))],
      labels: Object.fromEntries(labels),
    })
  })
}

/** One device with its interfaces, which NetBox has names for and Landfall numbers. */
export function netboxDevice({
  name,
  macs,
  labels,
  serial,
  state,
}: Pick<MachineSummary, 'name' | 'macs' | 'labels' | 'serial' | 'state'>): unknown {
  const references = LABELS.filter((key) => labels[key]).map((key) => {
    const value = labels[key]!
    return [key, key === 'rack' || key === 'location' ? { name: value } : key === 'position' ? value : { slug: value }]
  })
  return {
    name,
    serial: serial ?? '',
    status: { value: STATUS[state] ?? 'staged' },
    ...(Object.fromEntries(references) as object),
    interfaces: macs.map((mac, at) => ({ name: `nic${at}`, type: { value: 'other' }, mac_address: mac })),
  }
}

const STATUS: Partial<Record<MachineSummary['state'], string>> = {
  discovered: 'inventory',
  ready: 'inventory',
  deployed: 'active',
  failed: 'failed',
  retired: 'decommissioning',
}

function readFile(text: string): { devices: readonly unknown[]; interfaces: readonly Interface[] } {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    const hint = 'give what the API of NetBox answers, or say by `format` that it is csv or yaml'
    throw new DocumentError('NETBOX_INVALID', `it is not JSON: ${(cause as Error).message}`, { cause, hint })
  }
  const file = File.safeParse(json)
  if (!file.success) {
    const hint = 'want a list of devices, or {"devices": [...], "interfaces": [...]}, each as the API of NetBox answers'
    throw new DocumentError('NETBOX_INVALID', 'it holds no devices of NetBox', { hint, cause: file.error })
  }
  if (Array.isArray(file.data)) return { devices: file.data, interfaces: [] }
  if ('devices' in file.data) {
    const { devices, interfaces } = file.data as { devices: unknown; interfaces?: unknown }
    return {
      devices: itemsOf(devices),
      interfaces: interfaces === undefined ? [] : (itemsOf(interfaces) as Interface[]),
    }
  }
  return { devices: itemsOf(file.data), interfaces: [] }
}

function itemsOf(list: unknown): readonly unknown[] {
  return Array.isArray(list) ? list : (list as { results: unknown[] }).results
}

/** By its id if that is told, else by its name. */
function ownerOf({ device }: Interface): string | number | undefined {
  return typeof device === 'object' ? (device?.id ?? device?.name ?? undefined) : device
}

function macsOf({ type, mgmt_only: isManagement, ...given }: Interface): string[] {
  // That of a BMC belongs to another computer.
  if (isManagement || VIRTUAL.has(nameOf(type) ?? '')) return []
  const addresses = [given.mac_address, given.primary_mac_address?.mac_address]
  return [...addresses, ...(given.mac_addresses ?? []).map((one) => one.mac_address)]
    .filter((mac) => mac != null)
    .map((mac) => mac.toLowerCase())
}

function nameOf(value: unknown): string | undefined {
  const named = Named.safeParse(value)
  if (!named.success || named.data === null || named.data === undefined) return undefined
  if (typeof named.data !== 'object') return String(named.data)
  return named.data.slug ?? named.data.value ?? named.data.name
}
