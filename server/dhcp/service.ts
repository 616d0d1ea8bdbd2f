/** The whole DHCP service of a host: one responder over all its links, so that leases and counts are shared. */
import { addressOf } from '../host/addresses.ts'
import { createBootLoopWatch } from './boot-loop.ts'
import { createListener, type Listener, type ListenerOptions } from './listener.ts'
import { ModeSwitch } from './mode-switch.ts'
import { PatientListener } from './patient-listener.ts'
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
  const services = links.map((link): LinkService => {
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
    const patient = new PatientListener({
      interface: name,
      listener,
      onEvent,
      onOpen: () => modeSwitch?.start(),
      retryMs: options.retryMs,
    })
    return { name, listener: patient, modeSwitch }
  })
  return {
    async start() {
      const results = await Promise.allSettled(services.map(({ listener }) => listener.start()))
      const failure = results.find((result) => result.status === 'rejected')
      if (failure) throw failure.reason
    },
    async stop() {
      for (const { modeSwitch } of services) modeSwitch?.stop()
      await Promise.all(services.map(({ listener }) => listener.stop()))
    },
    status: () => services.map((service) => statusOf(service, mode)),
  }
}

interface LinkService {
  name: string
  listener: PatientListener
  modeSwitch: ModeSwitch | undefined
}

function statusOf({ name, listener, modeSwitch }: LinkService, mode: DhcpServiceOptions['mode']): LinkStatus {
  const current = mode === 'auto' ? (modeSwitch?.mode ?? 'auto') : mode
  const state = !listener.running ? 'failed' : current === 'auto' ? 'probing' : 'running'
  const problem = listener.problem ?? modeSwitch?.problem ?? null
  return { interface: name, mode: current, state, problem, otherServer: modeSwitch?.otherServer }
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
