// Can this image start that machine? Each thing that could be in the way, with the reason. Pure: what is not known is said to be unknown.
import { formatBytes } from '../contract/bytes.ts'
import type { Facts } from '../contract/facts.ts'
import type { FitCheck, PlatformInspection } from '../contract/image-inspection.ts'
import type { MachineSpec } from '../contract/spec.ts'
import type { TrustVerdict } from '../contract/trust.ts'
import { planDisks } from '../plan/plan-disks.ts'
import { withScratch } from '../plan/scratch.ts'

export interface FitQuestion {
  /** For the machine's architecture; undefined when the image has none for it. */
  image: PlatformInspection | undefined
  trust: TrustVerdict | null
  architecture: string
  /** What the machine told of itself; null before it did. */
  facts: Pick<Facts, 'architecture' | 'firmware' | 'secureBoot' | 'memoryBytes' | 'disks'> | null
  spec: Pick<MachineSpec, 'disks' | 'engine' | 'installer'>
}

type Result = Omit<FitCheck, 'name'>
type Known = FitQuestion & { image: PlatformInspection }

/** Kernels, logs, and what a second deployment needs beside the first. */
const HEADROOM = 1.1
/** What engine bootc leaves to programs and to the pages of what is being written. */
const MEMORY_RESERVE = 640 * 2 ** 20

const NOT_READ = 'the layers of the image were not all read yet'

/** Most severe first. */
const SEVERITY = ['refused', 'unknown', 'warning', 'ok'] as const

export function imageFit(question: FitQuestion): FitCheck[] {
  const { image, architecture } = question
  if (!image) {
    return [{ name: 'architecture', ...refused(`the image has nothing for ${architecture}`) }]
  }
  const known = { ...question, image }
  const checks: Record<FitCheck['name'], Result | undefined> = {
    contents: contents(known),
    trust: trust(known),
    architecture: ok(`the image is for ${image.architecture}, and so is the machine`),
    kernel: whenRead(known, kernel),
    engine: whenRead(known, engine),
    firmware: whenRead(known, firmware),
    'secure-boot': whenRead(known, secureBoot),
    disk: disk(known),
    memory: memory(known),
  }
  return Object.entries(checks).flatMap(([name, result]) =>
    result ? [{ name: name as FitCheck['name'], ...result }] : [],
  )
}

/** The worst of them. */
export function worstOf(checks: readonly FitCheck[]): FitCheck['result'] {
  return SEVERITY.find((severity) => checks.some(({ result }) => result === severity)) ?? 'ok'
}

function contents({ image: { reading, problem, layers } }: Known): Result {
  if (problem) return refused(`${problem.message} (${problem.code})`)
  if (reading) return unknown(`${reading.layers} of ${reading.totalLayers} layers are read`)
  const missing = layers.filter(({ unpackedBytes }) => unpackedBytes === null).length
  if (missing > 0) return unknown(`${missing} of ${layers.length} layers were not read: they are not here yet`)
  return ok(`all ${layers.length} layers were read, and nothing speaks against them`)
}

function trust({ trust: verdict }: Known): Result | undefined {
  if (verdict === null) return undefined
  if (verdict.code !== null) return refused(`${verdict.message} (${verdict.code})`)
  return ok(verdict.message)
}

function kernel({ image: { bootable, kernels, bootloader } }: Known): Result {
  if (!bootable) return refused('the image has neither label containers.bootc nor ostree.bootable')
  const [first, ...others] = kernels
  if (others.length > 0) {
    return refused(
      `the image has ${kernels.length} kernels, want one: ${kernels.map(({ version }) => version).join(', ')}`,
    )
  }
  if (bootloader.kind === 'uki') return ok('the image starts by a unified kernel image')
  if (!first) return refused('the image has no kernel below /usr/lib/modules')
  if (!first.initramfs) return refused(`kernel ${first.version} has no initramfs beside it`)
  return ok(`kernel ${first.version} with its initramfs`)
}

function engine({ image, spec }: Known): Result | undefined {
  if (spec.installer === 'anaconda') return undefined
  const chosen = engineOf(image, spec)
  if (chosen === 'bootc') {
    if (!image.bootc.present) return refused('engine bootc needs bootc in the image, and there is none')
    if (!isPlain(spec.disks)) return refused('engine bootc installs to one plain disk only')
    return ok("the image's own bootc installs it")
  }
  if (!image.ostree.present) return refused('engine ostree needs ostree in the image, and there is none')
  if (image.kernelArguments === null)
    return refused("a file of the image's kargs.d or install configuration is malformed")
  return ok('engine ostree installs it')
}

function firmware({ image: { bootloader }, facts, spec }: Known): Result {
  const { kind } = bootloader
  if (!facts) return unknown('the machine has not told what firmware it has')
  const name = facts.firmware.toUpperCase()
  if (spec.installer === 'anaconda' && kind === 'none')
    return ok('Anaconda brings a boot loader where the image has none')
  if (kind === 'none') return refused('the image has no boot loader: neither bootupd nor GRUB 2.14 or later')
  if (!bootloader[facts.firmware]) return refused(`the image's boot loader (${kind}) does not start under ${name}`)
  return ok(`the image's boot loader (${kind}) starts under ${name}`)
}

function secureBoot({ image: { bootloader }, facts }: Known): Result | undefined {
  if (!facts || facts.firmware === 'bios') return undefined
  if (!facts.secureBoot) return ok('Secure Boot is off')
  if (bootloader.secureBoot) return ok('Secure Boot is on, and the image has a signed shim')
  if (bootloader.kind === 'uki')
    return { result: 'warning', message: 'Secure Boot is on: the key of the image must be enrolled' }
  return refused('Secure Boot is on, and the image has no signed boot loader that can read boot entries')
}

function disk({ image, facts, spec }: Known): Result {
  if (!facts) return unknown('the machine has not told its disks')
  const plan = planDisks(spec, facts, '')
  if ('code' in plan) return refused(`${plan.message} (${plan.code})`)
  const root = plan.filesystems.find(({ mounts }) => mounts.some(({ mountPoint }) => mountPoint === '/'))
  const needed = image.unpackedBytes * HEADROOM
  const where = plan.disks.map(({ device }) => device).join(' and ')
  if (!root) return ok(`the disks that were meant are there: ${where}`)
  const room = `the image takes about ${formatBytes(needed)}, and ${where} has ${formatBytes(root.size)} for it`
  if (root.size < needed) return refused(room)
  if (!isRead(image)) return unknown(NOT_READ)
  // An upgrade is laid beside what runs.
  if (root.size < 2 * needed) return { result: 'warning', message: `${room}: not enough for an upgrade beside it` }
  return ok(room)
}

function memory({ image, facts, spec }: Known): Result | undefined {
  if (spec.installer === 'anaconda' || engineOf(image, spec) !== 'bootc') return undefined
  if (!facts) return unknown('the machine has not told its memory')
  const needed = image.unpackedBytes + MEMORY_RESERVE
  if (needed <= facts.memoryBytes) {
    const message = `engine bootc unpacks the image in memory: about ${formatBytes(needed)} of ${formatBytes(facts.memoryBytes)}`
    return isRead(image) ? ok(message) : unknown(NOT_READ)
  }
  const plan = isPlain(spec.disks) ? planDisks(spec, facts, '') : undefined
  // Why is told by the checks of engine and disks.
  if (plan === undefined || 'code' in plan)
    return unknown('the image does not fit into memory, and no disk is known to hold it meanwhile')
  const withRoom = withScratch(plan, image.unpackedBytes, '')
  if ('code' in withRoom) return refused(`${withRoom.message} (${withRoom.code})`)
  const message = `engine bootc unpacks the image at the end of the disk: about ${formatBytes(image.unpackedBytes)}, too much for memory`
  return isRead(image) ? ok(message) : unknown(NOT_READ)
}

function isPlain({ scheme, mirror, raid, volumes, encryption }: MachineSpec['disks']): boolean {
  return scheme === 'plain' && !mirror && !raid && !encryption && volumes.length === 0
}

function engineOf(image: PlatformInspection, { engine: wanted }: FitQuestion['spec']): 'ostree' | 'bootc' {
  return wanted === 'auto' ? image.engine : wanted
}

/** What only layers tell is not known before all were read. */
function whenRead(known: Known, check: (known: Known) => Result | undefined): Result | undefined {
  return isRead(known.image) ? check(known) : unknown(NOT_READ)
}

function isRead({ layers }: PlatformInspection): boolean {
  return layers.every(({ unpackedBytes }) => unpackedBytes !== null)
}

function ok(message: string): Result {
  return { result: 'ok', message }
}

function refused(message: string): Result {
  return { result: 'refused', message }
}

function unknown(message: string): Result {
  return { result: 'unknown', message }
}
