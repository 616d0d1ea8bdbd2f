// The trace as the rest of the server knows it: taps for listeners, stories and captures for whoever asks.
import type { Trace, TraceClient, TraceOverview } from '../contract/trace.ts'
import type { Clock } from '../core/clock.ts'
import { TraceArchive } from './archive.ts'
import type { TraceStore } from './archive.ts'
import { describeClient } from './client-text.ts'
import { pcapOf } from './pcap.ts'
import { Recorder } from './recorder.ts'
import type { RecorderLimits } from './recorder.ts'
import { newestBoot, storiesOf } from './story.ts'
import { Taps } from './taps.ts'
import type { TapPorts } from './taps.ts'

export interface BootTraceOptions extends Pick<TapPorts, 'macAt' | 'macOf'> {
  /** The machine that has this MAC. */
  machineOf: (mac: string) => string | undefined
  /** MACs of this host: our own search for other DHCP servers is heard too, and no machine. */
  ownMacs?: () => ReadonlySet<string>
  clock: Clock
  limits?: RecorderLimits
  /** Where stories outlive the process; without it they end with it. */
  store?: TraceStore
}

/** Strangers told of at once; the ones heard last. */
const MAX_CLIENTS = 200

/** Stories outlive the process where there is a store for them; what arrived at all is counted from its start. */
export class BootTrace {
  readonly taps: Taps
  readonly #recorder: Recorder
  readonly #options: BootTraceOptions
  readonly #since: number
  readonly #archive: TraceArchive | undefined

  constructor(options: BootTraceOptions) {
    const { macAt, macOf, clock, limits, store } = options
    this.#options = options
    this.#recorder = new Recorder(limits)
    this.#since = this.#now()
    if (store) this.#archive = new TraceArchive(this.#recorder, store, () => this.#now())
    this.taps = new Taps({ recorder: this.#recorder, macAt, macOf, now: () => clock.now().getTime() })
  }

  /** To be called every second or so. Throws what the store throws, and has lost nothing then. */
  saveSome(): void {
    this.#archive?.saveSome(this.#now())
  }

  /** Before an orderly end. */
  saveAll(): void {
    this.#archive?.saveAll()
  }

  /** What was heard of a machine with these MACs, or of one stranger. */
  of(clients: readonly string[]): Trace {
    return { clients: [...clients], boots: storiesOf(this.#recorder.entriesOf(clients), this.#now()) }
  }

  /** True for a client that something is kept of. */
  knows(client: string): boolean {
    return this.#recorder.clients().includes(client)
  }

  /** Their packets, as a pcap file; without packets when there are none. */
  pcap(clients: readonly string[]): Buffer {
    return pcapOf(this.#recorder.entriesOf(clients))
  }

  /** What arrived at all, and clients that are no machine, the one heard last first. */
  overview(): TraceOverview {
    const { machineOf, ownMacs } = this.#options
    const { dhcpReceived, dhcpMalformed, dhcpLastAt, tftpReceived, tftpLastAt, otherServers } = this.taps.wire
    const own = ownMacs?.()
    const strangers = this.#recorder
      .clients()
      .toReversed()
      .values()
      .filter((client) => own?.has(client) !== true && machineOf(client) === undefined)
      .take(MAX_CLIENTS)
    return {
      wire: {
        since: timeOf(this.#since),
        dhcpReceived,
        dhcpMalformed,
        dhcpLastAt: dhcpLastAt === undefined ? null : timeOf(dhcpLastAt),
        tftpReceived,
        tftpLastAt: tftpLastAt === undefined ? null : timeOf(tftpLastAt),
        otherServers: [...otherServers].map(([address, at]) => ({ address, lastAt: timeOf(at) })),
      },
      clients: strangers.flatMap((client) => this.#stranger(client)).toArray(),
    }
  }

  #stranger(client: string): TraceClient[] {
    const entries = this.#recorder.entriesOf([client])
    const [story] = storiesOf(entries, this.#now())
    if (!story) return []
    const messages = newestBoot(entries).filter((one) => one.type === 'dhcp')
    const first = messages[0]
    const relayed = messages.find(({ request }) => request.relay !== undefined)
    return [
      {
        client,
        description: first ? describeClient(first.request.client) : null,
        relay: relayed?.request.relay ?? null,
        firstAt: timeOf(entries[0]!.at),
        lastAt: timeOf(entries.at(-1)!.at),
        verdict: story.verdict,
      },
    ]
  }

  #now(): number {
    return this.#options.clock.now().getTime()
  }
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString()
}
