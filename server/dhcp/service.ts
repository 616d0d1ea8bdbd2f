/** The whole DHCP service of a host: one responder over all its links, so that leases and counts are shared. */
import { addressOf } from '../host/addresses.ts'
import { createBootLoopWatch } from './boot-loop.ts'
import { DhcpError } from './errors.ts'
import { createListener, type Listener, type ListenerOptions } from './listener.ts'
import { ModeSwitch } from './mode-switch.ts'
import type { ProbeTimes } from './prober.ts'
import { createBootServer, createProxy } from './proxy.ts'
import { createDhcpServer, type ServerOptions } from './server.ts'
import { hostAddresses } from './sockets.ts'

type DhcpLink = Pick<ListenerOptions, 'interface' | 'address' | 'fd' | 'bootServerFd'>

export type DhcpServiceOptions = Omit<ServerOptions, 'ownAddresses'> &
  Pick<ListenerOptions, 'onEvent' | 'onDatagram' | 'inOneGo' | 'isKnownMachine' | 'now'> & {
    /** `server` gives addresses; `proxy` adds boot data to those of another server; `auto` is either, as it finds each link. */
    mode: 'server' | 'proxy' | 'auto'
    links: readonly DhcpLink[]
    /** How `auto` looks for other servers. */
    probeTimes?: ProbeTimes
    /** How long a taken port is left alone before it is tried again. */
    retryMs?: number
  }

/** How one link is served now. */
export interface LinkStatus {
  interface: string
  /** `auto` until the first probe is over. */
  mode: 'server' | 'proxy' | 'auto'
  state: 'probing' | 'running' | 'failed'
  /** Why it failed, or what it cannot do. */
  problem: string | null
  /** For whose sake mode `auto` gives no addresses. */
  otherServer: string | undefined
}

export interface DhcpService extends Listener {
  status(): LinkStatus[]
}

/** How long the list of own addresses is believed: asking the kernel for it takes longer than a reply does. */
const ADDRESSES_MS = 1000
const RETRY_MS = 30_000

/**
 * Builds the listeners; nothing is opened before `start`. A link whose port another program holds is tried again until it is free,
 * and `status` tells so; for any other failure `start` rejects with the first one while the other links go on. Throws INVALID_CONFIG.
 */
export function createDhcpService(options: DhcpServiceOptions): DhcpService {
  const { mode, links, bootFileFor, probeTimes } = options
  const bootLoopWatch = options.bootLoopWatch ?? createBootLoopWatch()
  const ownAddresses = remembered(hostAddresses, ADDRESSES_MS)
  const server = mode === 'proxy' ? undefined : createDhcpServer({ ...options, ownAddresses, bootLoopWatch })
  const proxy = mode === 'server' ? undefined : createProxy({ bootFileFor, ownAddresses, bootLoopWatch })
  const bootServer = createBootServer({ bootFileFor, bootLoopWatch })
  const switches: ModeSwitch[] = []
  const isProbe = (xid: number): boolean => switches.some((one) => one.isOwn(xid))
  const services = links.map((link) => {
    const { interface: name } = link
    const onEvent: ListenerOptions['onEvent'] = (event) => {
      if (event.type === 'foreign-server') modeSwitch?.hurry()
      options.onEvent(event)
    }
    const modeSwitch =
      server && proxy
        ? new ModeSwitch({
            interface: name,
            address: () => link.address ?? addressOf(name),
            server,
            proxy,
            isProbe,
            onEvent,
            ...(probeTimes && { times: probeTimes }),
          })
        : undefined
    if (modeSwitch) switches.push(modeSwitch)
    const { inOneGo, onDatagram, isKnownMachine, now } = options
    const listener = createListener({
      ...link,
      responder: modeSwitch ?? server ?? proxy!,
      bootServer,
      bootServerRequired: mode === 'proxy',
      onEvent,
      ...(inOneGo && { inOneGo }),
      ...(onDatagram && { onDatagram }),
      ...(isKnownMachine && { isKnownMachine }),
      ...(now && { now }),
    })
    return new LinkService({ name, mode, listener, modeSwitch, onEvent, retryMs: options.retryMs ?? RETRY_MS })
  })
  return {
    async start() {
      const results = await Promise.allSettled(services.map((service) => service.start()))
      const failure = results.find((result) => result.status === 'rejected')
      if (failure) throw failure.reason
    },
    async stop() {
      await Promise.all(services.map((service) => service.stop()))
    },
    status: () => services.map((service) => service.status()),
  }
}

interface LinkServiceOptions {
  name: string
  mode: DhcpServiceOptions['mode']
  listener: Listener
  modeSwitch: ModeSwitch | undefined
  onEvent: ListenerOptions['onEvent']
  retryMs: number
}

/** One link's sockets and probes, started again and again while somebody else holds the port. */
class LinkService {
  readonly #options: LinkServiceOptions
  #problem: string | null = null
  #running = false
  #retry: NodeJS.Timeout | undefined

  constructor(options: LinkServiceOptions) {
    this.#options = options
  }

  async start(): Promise<void> {
    try {
      await this.#open()
    } catch (error) {
      if (!(error instanceof DhcpError) || error.code !== 'ADDRESS_IN_USE') throw error
      this.#tryLater(error)
    }
  }

  async stop(): Promise<void> {
    clearTimeout(this.#retry)
    this.#options.modeSwitch?.stop()
    await this.#options.listener.stop()
  }

  status(): LinkStatus {
    const { name, mode, modeSwitch } = this.#options
    const current = mode === 'auto' ? (modeSwitch?.mode ?? 'auto') : mode
    const state = !this.#running ? 'failed' : current === 'auto' ? 'probing' : 'running'
    const problem = this.#problem ?? modeSwitch?.problem ?? null
    return { interface: name, mode: current, state, problem, otherServer: modeSwitch?.otherServer }
  }

  async #open(): Promise<void> {
    await this.#options.listener.start()
    this.#problem = null
    this.#running = true
    this.#options.modeSwitch?.start()
  }

  #tryLater(error: Error): void {
    const { name, onEvent, retryMs } = this.#options
    if (this.#problem !== error.message) onEvent({ type: 'port-busy', interface: name, error })
    this.#problem = error.message
    this.#retry = setTimeout(() => void this.#open().catch((again: Error) => this.#tryLater(again)), retryMs)
  }
}

function remembered<T>(ask: () => T, ms: number): () => T {
  let value = ask()
  let asked = performance.now()
  return () => {
    if (performance.now() - asked > ms) {
      value = ask()
      asked = performance.now()
    }
    return value
  }
}
