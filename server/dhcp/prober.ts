/** Looks for other DHCP servers on a link, before we serve it and again at intervals. */
import { randomInt } from 'node:crypto'
import type { Socket } from 'node:dgram'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { LIMITED_BROADCAST, UNSPECIFIED } from './ipv4.ts'
import { offeringServer, probeMessage } from './probe-message.ts'
import { CLIENT_PORT, SERVER_PORT } from './reply.ts'
import { openSocket } from './sockets.ts'

export interface ProbeTimes {
  /** How long answers are waited for; dnsmasq pings an address for 3 s before it offers it. */
  waitMs: number
  /**
   * Pauses between probes, the last one for ever. Short at first: a switch may forward nothing for the first 30 s of a link
   * (spanning tree), so silence then proves little.
   */
  pausesMs: readonly number[]
}

export interface ProberOptions {
  interface: string
  /** Our address on the link now. */
  address: () => string | undefined
  onAnswer: (server: string) => void
  /** A probe was sent, and nobody answered. */
  onSilence: () => void
  /** A probe could not be sent: there is no telling. */
  onFailure: (error: Error) => void
  times?: ProbeTimes
}

const TIMES: ProbeTimes = { waitMs: 4500, pausesMs: [5000, 10_000, 15_000, 30_000, 60_000] }
/** Sent so often within the wait, for a link that loses datagrams. */
const TRIES = 3
/** Pauses differ by so much to either side, so that two Landfalls started together do not ask in step for ever. */
const JITTER = 0.1

/** One link's probes; none are sent before `start`. */
export class Prober {
  readonly #options: ProberOptions
  readonly #times: ProbeTimes
  readonly #stopping = new AbortController()
  #hurry = new AbortController()
  #xid: number | undefined

  constructor(options: ProberOptions) {
    this.#options = options
    this.#times = options.times ?? TIMES
  }

  start(): void {
    void this.#run()
  }

  stop(): void {
    this.#stopping.abort()
    this.#hurry.abort()
  }

  /** There is a sign of another server: asks now instead of at the end of the pause. */
  hurry(): void {
    this.#hurry.abort()
  }

  /** Our own question, which the kernel lets our own server hear too. */
  isOwn(xid: number): boolean {
    return xid === this.#xid
  }

  async #run(): Promise<void> {
    const { onAnswer, onSilence, onFailure } = this.#options
    for (let round = 0; !this.#stopping.signal.aborted; round++) {
      try {
        const server = await this.#probe()
        if (this.#stopping.signal.aborted) return
        if (server === undefined) onSilence()
        else onAnswer(server)
      } catch (error) {
        onFailure(error instanceof Error ? error : new Error(String(error)))
      }
      const pause = this.#times.pausesMs[Math.min(round, this.#times.pausesMs.length - 1)]!
      this.#hurry = new AbortController()
      if (this.#stopping.signal.aborted) return
      const spread = 1 + JITTER * (2 * Math.random() - 1)
      await sleep(pause * spread, undefined, { signal: this.#hurry.signal, ref: false }).catch(() => {})
    }
  }

  /** Holds port 68 only as long as it asks, and shares it: this host may be another server's client. */
  async #probe(): Promise<string | undefined> {
    const { interface: name } = this.#options
    const address = this.#options.address()
    if (address === undefined) throw new Error(`looking for DHCP servers on ${name}: the interface has no IPv4 address`)
    if (linkFact(name, 'carrier') === '0')
      throw new Error(`looking for DHCP servers on ${name}: its cable is unplugged`)
    await using sockets = new AsyncDisposableStack()
    const open = async (on: string): Promise<Socket> => {
      const socket = await openSocket(`DHCP probe socket ${on}:${CLIENT_PORT}`, { address: on, port: CLIENT_PORT })
      sockets.defer(() => new Promise<void>((resolve) => socket.close(resolve)))
      socket.on('error', () => {})
      return socket
    }
    // As with the server's: one hears broadcasts, the other one sends by this link.
    const [hears, sends] = [await open(UNSPECIFIED), await open(address)]
    const xid = (this.#xid = randomInt(2 ** 32))
    const answer = new Promise<string>((resolve) => {
      for (const socket of [hears, sends]) {
        socket.on('message', (bytes) => {
          const server = offeringServer(bytes, xid)
          if (server !== undefined) resolve(server)
        })
      }
    })
    const message = probeMessage(xid, hardwareAddress(name))
    for (let tries = 0; tries < TRIES; tries++) {
      await new Promise<void>((resolve, reject) =>
        sends.send(message, SERVER_PORT, LIMITED_BROADCAST, (error) => (error ? reject(error) : resolve())),
      )
      const pause = sleep(this.#times.waitMs / TRIES, undefined, { signal: this.#stopping.signal, ref: false })
      const server = await Promise.race([answer, pause.catch(() => undefined)])
      if (server !== undefined || this.#stopping.signal.aborted) return server
    }
    return undefined
  }
}

function hardwareAddress(name: string): Uint8Array {
  return Uint8Array.from((linkFact(name, 'address') ?? '').split(':'), (byte) => parseInt(byte, 16))
}

/** What the kernel says of an interface; undefined where it does not. */
function linkFact(name: string, fact: string): string | undefined {
  try {
    return readFileSync(`/sys/class/net/${name}/${fact}`, 'utf8').trim()
  } catch {
    return undefined
  }
}
