/** One file on its way to one client: windows, acknowledgements, resends (RFC 1350, 7440). Pure over timer and send. */
import type { Terms } from './options.ts'
import { ERROR, decodePacket, encodeData, encodeError, encodeOack } from './packet.ts'
import type { Content } from './source.ts'

/**
 * How a transfer ended. `probed`: the client only wanted the size, as firmware does before it reads. `closed`: it had enough.
 * `replaced`: it began anew from the same port.
 */
export type Outcome = 'completed' | 'probed' | 'closed' | 'aborted' | 'timed-out' | 'failed' | 'replaced' | 'stopped'

export interface TransferResult {
  outcome: Outcome
  /** Bytes of the file that were acknowledged. */
  bytes: number
  /** Datagrams sent again. */
  resends: number
  /** The client's words if it aborted, ours if reading failed. */
  message?: string
}

/** Calls back once, the given time after it was last set. */
export interface Timer {
  set(ms: number): void
  clear(): void
}

export interface TransferOptions {
  content: Content
  terms: Terms
  send: (datagram: Uint8Array) => void
  /** A timer for this transfer alone; it is set anew with every window. */
  createTimer: (onTime: () => void) => Timer
  /** In milliseconds, from any beginning. */
  now?: () => number
  /** Called once, at the end. The content is closed by then. */
  onEnd: (result: TransferResult) => void
}

const FIRST_TIMEOUT_MS = 1000
const MAX_TIMEOUT_MS = 8000
const MAX_RESENDS = 6
/** No client gives up on an answer that soon (busybox, the quickest, takes 0.1 s): the network doubled its request. */
const DOUBLED_MS = 50
/** A client that acknowledged something since then is at work, and did not begin anew. */
const AT_WORK_MS = 1000
/** Many clients acknowledge the last block and are gone: their silence is success. */
const MAX_LAST_RESENDS = 3
/** The state before ACK 0, which answers an OACK as ACK n answers block n. */
const OACK_SENT = -1

/** Sends one file. Not reusable; ignores everything after its end. */
export class Transfer {
  readonly #options: TransferOptions
  /** Number of the last block; the one shorter than the others, perhaps empty. */
  readonly #last: number
  /** Last block acknowledged, and last block sent, counted without rollover. */
  #acked: number
  #sent = 0
  /** A repeated ACK may resend its window once. */
  #repeatUsed = false
  #timeouts = 0
  #resends = 0
  readonly #timer: Timer
  readonly #now: () => number
  #sentAt = -Infinity
  #acknowledgedAt = -Infinity
  /** Raised by every new window, so that a slow read for an older one is dropped. */
  #generation = 0
  #ahead: { offset: number; bytes: Promise<Uint8Array> } | undefined
  #ended = false

  constructor(options: TransferOptions) {
    this.#options = options
    this.#last = Math.floor(options.content.size / options.terms.blksize) + 1
    this.#acked = options.terms.accepted.size > 0 ? OACK_SENT : 0
    this.#timer = options.createTimer(() => this.#timedOut())
    this.#now = options.now ?? (() => performance.now())
  }

  start(): void {
    if (this.#acked === OACK_SENT) this.#sendOack()
    else this.#sendWindow()
  }

  /**
   * The request came again. False if the client begins anew. A first answer that was lost is sent again; a copy that the network made is
   * not answered, as several clients end over a second OACK, or over the end of a transfer that they are in the middle of.
   */
  repeated(): boolean {
    if (this.#ended) return false
    const now = this.#now()
    if (now - this.#sentAt < DOUBLED_MS) return true
    if (this.#acked > 0) return now - this.#acknowledgedAt < AT_WORK_MS
    this.#resend()
    return true
  }

  /** A datagram of the client. */
  receive(datagram: Uint8Array): void {
    if (this.#ended) return
    const packet = decodePacket(datagram)
    if (!('op' in packet)) return
    if (packet.op === 'ack') this.#acknowledged(packet.block)
    else if (packet.op === 'error') this.#end(this.#outcomeOf(packet.message), packet.message)
  }

  /** Ends from our side, telling the client why. */
  stop(outcome: Outcome, message: string): void {
    if (this.#ended) return
    this.#options.send(encodeError(ERROR.undefined, message))
    this.#end(outcome, message)
  }

  /** The socket failed: the client is gone, as its ICMP message or ours says. */
  abandon(message: string): void {
    this.#end(this.#acked > 0 ? 'aborted' : 'probed', message)
  }

  #outcomeOf(message: string): Outcome {
    if (this.#acked <= 0) return 'probed'
    return /^closed?$/i.test(message.trim()) ? 'closed' : 'aborted'
  }

  #acknowledged(block: number): void {
    // The full number is the nearest one after the last acknowledged; windows are far smaller than the 16 bits.
    const step = (block - this.#acked) & 0xffff
    if (step === 0) {
      this.#repeatedAck()
      return
    }
    if (this.#acked + step > this.#sent) return
    this.#acked += step
    this.#acknowledgedAt = this.#now()
    this.#timeouts = 0
    this.#repeatUsed = false
    if (this.#acked === this.#last) this.#end('completed')
    else this.#sendWindow()
  }

  /**
   * Answering every repeated ACK would double all that follows (the sorcerer's apprentice, RFC 1123 section 4.2.3.1). But edk2 repeats its
   * last one when the first block of a window is lost, so with windows one resend spares it the timeout.
   */
  #repeatedAck(): void {
    if (this.#options.terms.windowsize === 1 || this.#repeatUsed || this.#acked === OACK_SENT) return
    this.#repeatUsed = true
    this.#resend()
  }

  #timedOut(): void {
    this.#timeouts++
    if (this.#sent === this.#last && this.#timeouts > MAX_LAST_RESENDS) {
      this.#acked = this.#last
      this.#end('completed', 'last block not acknowledged')
    } else if (this.#timeouts > MAX_RESENDS) {
      this.#end('timed-out')
    } else {
      this.#resend()
    }
  }

  #resend(): void {
    if (this.#acked === OACK_SENT) {
      this.#resends++
      this.#sendOack()
    } else {
      this.#sendWindow()
    }
  }

  #sendOack(): void {
    this.#options.send(encodeOack(this.#options.terms.accepted))
    this.#startTimer()
  }

  /** Sends the window after the last acknowledged block. */
  #sendWindow(): void {
    const { blksize, windowsize } = this.#options.terms
    const first = this.#acked + 1
    const last = Math.min(this.#acked + windowsize, this.#last)
    const offset = (first - 1) * blksize
    const length = this.#lengthOf(first, last)
    const generation = ++this.#generation
    const bytes = this.#read(offset, length)
    if (bytes instanceof Uint8Array) {
      this.#sendBlocks(first, last, bytes)
      return
    }
    this.#timer.clear()
    bytes.then(
      (read) => {
        if (generation !== this.#generation || this.#ended) return
        this.#sendBlocks(first, last, read)
        this.#readAhead(last)
      },
      (error: unknown) => {
        if (!this.#ended) this.#options.send(encodeError(ERROR.undefined, 'read error'))
        this.#end('failed', error instanceof Error ? error.message : String(error))
      },
    )
  }

  #sendBlocks(first: number, last: number, bytes: Uint8Array): void {
    const { blksize } = this.#options.terms
    this.#resends += Math.max(0, Math.min(this.#sent, last) - first + 1)
    this.#sent = Math.max(this.#sent, last)
    for (let block = first; block <= last && !this.#ended; block++) {
      const from = (block - first) * blksize
      this.#options.send(encodeData(block, bytes.subarray(from, from + blksize)))
    }
    this.#startTimer()
  }

  #read(offset: number, length: number): Uint8Array | Promise<Uint8Array> {
    const ahead = this.#ahead
    this.#ahead = undefined
    return ahead?.offset === offset ? ahead.bytes : this.#options.content.read(offset, length)
  }

  /** Reads the next window while this one travels. */
  #readAhead(after: number): void {
    if (after >= this.#last) return
    const { blksize, windowsize } = this.#options.terms
    const offset = after * blksize
    const length = this.#lengthOf(after + 1, Math.min(after + windowsize, this.#last))
    const bytes = Promise.resolve(this.#options.content.read(offset, length))
    // Whoever takes it handles the failure; until then it must not count as unhandled.
    bytes.catch(() => {})
    this.#ahead = { offset, bytes }
  }

  #lengthOf(first: number, last: number): number {
    const { content, terms } = this.#options
    return Math.min(last * terms.blksize, content.size) - (first - 1) * terms.blksize
  }

  #startTimer(): void {
    if (this.#ended) return
    this.#sentAt = this.#now()
    const { timeoutMs } = this.#options.terms
    this.#timer.set(timeoutMs ?? Math.min(FIRST_TIMEOUT_MS * 2 ** this.#timeouts, MAX_TIMEOUT_MS))
  }

  #end(outcome: Outcome, message?: string): void {
    if (this.#ended) return
    this.#ended = true
    this.#timer.clear()
    const { content, terms, onEnd } = this.#options
    content.close()
    const bytes = Math.min(Math.max(this.#acked, 0) * terms.blksize, content.size)
    onEnd({ outcome, bytes, resends: this.#resends, ...(message && { message }) })
  }
}
