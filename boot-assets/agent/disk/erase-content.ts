// Makes all of a disk's old content unreadable, by the methods of the plan, and reports each attempt.
import { formatBytes } from '../../../server/contract/bytes.ts'
import { ERASE_NAMES, eraseSentence } from '../../../server/contract/erase-text.ts'
import type { EraseBegin, EraseEnd, EraseMethod } from '../../../server/contract/erase.ts'
import type { PlannedDisk } from '../../../server/contract/plan.ts'
import { describeErasure } from '../../../server/plan/erasure.ts'
import { AgentError } from '../errors.ts'
import type { Host } from '../sys/host.ts'
import { eraseAta } from './erase-ata.ts'
import { formatNvme, sanitizeNvme } from './erase-nvme.ts'

export interface EraseOptions {
  host: Host
  say: (text: string) => void
  /** Hears of every attempt before it is made, which waits until this is done, and of how each ended. */
  onErasing: (report: EraseBegin) => Promise<void>
  onErased: (report: EraseEnd) => void
  signal: AbortSignal
}

type Disk = Pick<PlannedDisk, 'disk' | 'erase'>

/** Written between two looks at whether anybody still wants it. */
const SLICE = 2 ** 30
/** Longest silence about a disk that is being erased, milliseconds. */
const SILENCE = 60_000
const DISCARD_TIMEOUT = 4 * 3_600_000
const DETAIL_LIMIT = 4000

/**
 * Tries the planned methods one after the other until one works. Throws AgentError DISK_ERASE when none does, and what the signal says
 * between two slices, or while the disk erases itself.
 */
export async function eraseContent(options: EraseOptions, device: string, planned: Disk): Promise<void> {
  const { say, onErasing, onErased, signal } = options
  const { disk, erase } = planned
  const what = `${device} (serial ${disk.serial ?? 'unknown'}, ${formatBytes(disk.size)})`
  say(`erasing ${what} by ${describeErasure(erase)}`)
  const failures: string[] = []
  for (const [at, { method, seconds }] of erase.entries()) {
    if (at > 0) say(`erasing ${what} by ${ERASE_NAMES[method]} instead`)
    const { name, size, serial = null, model = null, wwn = null } = disk
    const begin = { name, serial, model, wwn, size, method, startedAt: new Date().toISOString() }
    await onErasing(begin)
    signal.throwIfAborted()
    const outcome = await attempt(options, device, size, method, seconds)
    const report = { ...begin, endedAt: new Date().toISOString(), ...outcome }
    say(eraseSentence(report))
    onErased(report)
    signal.throwIfAborted()
    if (report.result === 'erased') return
    failures.push(`${method}: ${report.detail}`)
  }
  throw new AgentError('DISK_ERASE', `${what} was not erased: ${failures.join('; ')}`, {
    hint: 'name a further method in disks.erase, overwrite for instance, or exchange the disk',
  })
}

/** Whether the disk may be erasing itself already: one whose power was cut at it reads and writes nothing until it is done. */
export function mayBeUnreadable({ erase }: Pick<PlannedDisk, 'erase'>): boolean {
  return erase.some(({ method }) => method !== 'discard' && method !== 'overwrite')
}

async function attempt(
  options: EraseOptions,
  device: string,
  size: number,
  method: EraseMethod,
  seconds: number | undefined,
): Promise<Pick<EraseEnd, 'result' | 'detail'>> {
  const progress = new Progress((text) => options.say(`erasing ${device}: ${text}`), seconds)
  try {
    return { result: 'erased', detail: await carryOut(options, device, size, method, (part) => progress.reached(part)) }
  } catch (error) {
    return { result: 'failed', detail: (error as Error).message.slice(0, DETAIL_LIMIT) }
  } finally {
    progress.end()
  }
}

/** Returns what was done, as a clause. */
async function carryOut(
  { host, signal }: EraseOptions,
  device: string,
  size: number,
  method: EraseMethod,
  onProgress: (part: number) => void,
): Promise<string> {
  switch (method) {
    case 'nvme-sanitize':
    case 'nvme-sanitize-crypto':
    case 'nvme-sanitize-overwrite':
      await sanitizeNvme(host, device, method, { onProgress, signal })
      return 'the disk reports success for all of its blocks and caches'
    case 'nvme-format':
    case 'nvme-format-crypto':
      await formatNvme(host, device, method)
      return 'the disk formatted its namespace'
    case 'ata-erase':
    case 'ata-erase-enhanced':
      await eraseAta(host, device, method)
      return 'the disk reports success and took its lock off'
    case 'discard':
      await host.run('blkdiscard', ['--force', device], { timeout: DISCARD_TIMEOUT })
      return 'all of its blocks were discarded'
    case 'overwrite':
      for (let done = 0; done < size; done += SLICE) {
        signal.throwIfAborted()
        onProgress(done / size)
        await host.zero(device, done, Math.min(SLICE, size - done))
      }
      return `${size} bytes were overwritten with zeros`
  }
}

/** Says how far it is: by what is known of it each twentieth, and at least once a minute that it goes on. */
class Progress {
  readonly #say: (text: string) => void
  readonly #seconds: number | undefined
  readonly #started = Date.now()
  readonly #timer: NodeJS.Timeout
  #part: number | undefined
  #told = 0

  constructor(say: (text: string) => void, seconds: number | undefined) {
    this.#say = say
    this.#seconds = seconds
    this.#timer = setInterval(() => this.#tell(), SILENCE)
  }

  reached(part: number): void {
    this.#part = part
    const step = Math.floor(part * 20)
    if (step <= this.#told) return
    this.#told = step
    this.#tell()
  }

  end(): void {
    clearInterval(this.#timer)
  }

  #tell(): void {
    if (this.#part !== undefined) return this.#say(`${Math.floor(100 * this.#part)} %`)
    const minutes = (milliseconds: number) => Math.round(milliseconds / 60_000)
    const of = this.#seconds === undefined ? '' : ` of about ${minutes(this.#seconds * 1000)}`
    this.#say(`${minutes(Date.now() - this.#started)}${of} min`)
  }
}
