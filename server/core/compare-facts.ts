// What is different about a machine that was seen before: parts that came, went or were exchanged. Pure.
import { formatBytes } from '../contract/bytes.ts'
import type { FactDifference, FactSubject } from '../contract/fact-change.ts'
import type { DiskFacts, Facts, NicFacts } from '../contract/facts.ts'
import { cpuText, productText } from '../contract/facts-text.ts'
import { plausibleSerial, plausibleUuid } from './identity.ts'

/** Kernels keep a little memory for themselves, and not always as much: less than this is none that was taken out. */
const MEMORY_NOISE_SHARE = 0.005
const MEMORY_NOISE_BYTES = 128 * 2 ** 20

/**
 * Differences that mean something, disks first. Order, names that the kernel gives, links, addresses, what is on disks, sticks and
 * the installer's own version mean nothing; nor does a value that one of the two does not know.
 */
export function compareFacts(before: Facts, after: Facts): FactDifference[] {
  return [
    ...compareDisks(before.disks, after.disks),
    ...compareNics(before.nics, after.nics),
    ...compareMemory(before.memoryBytes, after.memoryBytes),
    ...changed('cpu', '', 'the processor', cpuText(before.cpu), cpuText(after.cpu)),
    ...changed('firmware', 'mode', 'the firmware mode', before.firmware, after.firmware),
    ...changed('firmware', 'version', 'the firmware version', before.smbios.biosVersion, after.smbios.biosVersion),
    ...changed('secure-boot', '', 'Secure Boot', onOff(before.secureBoot), onOff(after.secureBoot)),
    ...changed('tpm', '', 'the TPM', before.tpm ?? 'none', after.tpm ?? 'none'),
    ...changed('architecture', '', 'the architecture', before.architecture, after.architecture),
    ...compareSystem(before.smbios, after.smbios),
  ]
}

function compareDisks(before: readonly DiskFacts[], after: readonly DiskFacts[]): FactDifference[] {
  let gone = before.filter(isBuiltIn)
  const come = after.filter(isBuiltIn)
  const pairs: [DiskFacts, DiskFacts][] = []
  // The surest sign first: a disk without a serial may still be in the same slot.
  for (const isSame of SAME_DISK) {
    gone = gone.filter((disk) => {
      const place = come.findIndex((other) => isSame(disk, other))
      if (place < 0) return true
      pairs.push([disk, come.splice(place, 1)[0]!])
      return false
    })
  }
  return [
    ...gone.map((disk) => vanished('disk', diskName(disk), diskText(disk))),
    ...come.map((disk) => appeared('disk', diskName(disk), diskText(disk))),
    ...pairs.flatMap(([old, now]) =>
      changed('disk', diskName(now), `the size of disk ${diskName(now)}`, formatBytes(old.size), formatBytes(now.size)),
    ),
  ]
}

const SAME_DISK: readonly ((a: DiskFacts, b: DiskFacts) => boolean)[] = [
  (a, b) => a.wwn !== undefined && a.wwn === b.wwn,
  (a, b) => a.serial !== undefined && a.serial === b.serial,
  (a, b) => mayBeOne(a, b) && a.byPath[0] !== undefined && a.byPath[0] === b.byPath[0],
  (a, b) => mayBeOne(a, b) && a.size === b.size && a.model === b.model && a.transport === b.transport,
]

/** Not when both tell what they are called: then they would have been found by that. */
function mayBeOne(a: DiskFacts, b: DiskFacts): boolean {
  return (['wwn', 'serial'] as const).every((key) => a[key] === undefined || b[key] === undefined)
}

function isBuiltIn({ removable, transport }: DiskFacts): boolean {
  return !removable && transport !== 'usb'
}

function diskName({ serial, wwn, byPath, name }: DiskFacts): string {
  if (serial !== undefined) return `serial ${serial}`
  return wwn === undefined ? `at ${byPath[0] ?? name}` : `WWN ${wwn}`
}

function diskText({ vendor, model, size }: DiskFacts): string {
  return [vendor, model, formatBytes(size)].filter(Boolean).join(' ')
}

function compareNics(before: readonly NicFacts[], after: readonly NicFacts[]): FactDifference[] {
  const had = new Set(before.map(({ mac }) => mac))
  const has = new Set(after.map(({ mac }) => mac))
  return [
    ...before.filter(({ mac }) => !has.has(mac)).map((nic) => vanished('nic', nic.mac, nicText(nic))),
    ...after.filter(({ mac }) => !had.has(mac)).map((nic) => appeared('nic', nic.mac, nicText(nic))),
  ]
}

function nicText({ name, driver }: NicFacts): string {
  return driver === undefined ? name : `${name} (${driver})`
}

function compareMemory(before: number, after: number): FactDifference[] {
  const noise = Math.max(MEMORY_NOISE_BYTES, Math.max(before, after) * MEMORY_NOISE_SHARE)
  if (Math.abs(after - before) <= noise) return []
  const [had, has] = [memoryText(before), memoryText(after)]
  const message = `memory ${after < before ? 'shrank' : 'grew'} from ${had} to ${has}`
  return [{ subject: 'memory', change: 'changed', which: '', before: had, after: has, message }]
}

/** Memory comes in powers of two. */
function memoryText(bytes: number): string {
  return `${Number((bytes / 2 ** 30).toFixed(1))} GiB`
}

function compareSystem(before: Facts['smbios'], after: Facts['smbios']): FactDifference[] {
  return [
    ...changed('system', 'product', 'the product', productText(before), productText(after)),
    ...changed('system', 'serial', 'the serial number', plausibleSerial(before.serial), plausibleSerial(after.serial)),
    ...changed('system', 'UUID', 'the UUID', plausibleUuid(before.uuid), plausibleUuid(after.uuid)),
    ...changed('system', 'board', 'the board', plausibleSerial(before.boardSerial), plausibleSerial(after.boardSerial)),
    ...changed('system', 'asset tag', 'the asset tag', before.assetTag, after.assetTag),
  ]
}

function onOff(value: boolean): string {
  return value ? 'on' : 'off'
}

function vanished(subject: FactSubject, which: string, what: string): FactDifference {
  const message = `a ${subject === 'nic' ? 'NIC' : subject} vanished: ${which}, ${what}`
  return { subject, change: 'vanished', which, before: what, after: null, message }
}

function appeared(subject: FactSubject, which: string, what: string): FactDifference {
  const message = `a ${subject === 'nic' ? 'NIC' : subject} appeared: ${which}, ${what}`
  return { subject, change: 'appeared', which, before: null, after: what, message }
}

function changed(
  subject: FactSubject,
  which: string,
  name: string,
  before: string | undefined,
  after: string | undefined,
): FactDifference[] {
  if (before === undefined || after === undefined || before === after) return []
  return [{ subject, change: 'changed', which, before, after, message: `${name} changed from ${before} to ${after}` }]
}
