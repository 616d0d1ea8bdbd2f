/** The whole DHCP service of a host: one responder over all its links, so that leases and counts are shared. */
import { createBootLoopWatch } from './boot-loop.ts'
import { createListener, type Listener, type ListenerOptions } from './listener.ts'
import { createBootServer, createProxy } from './proxy.ts'
import { createDhcpServer, type ServerOptions } from './server.ts'
import { hostAddresses } from './sockets.ts'

export type DhcpServiceOptions = Omit<ServerOptions, 'ownAddresses'> &
  Pick<ListenerOptions, 'onEvent' | 'onDatagram' | 'isKnownMachine' | 'now'> & {
    /** `server` gives addresses; `proxy` adds boot data to those of another server. */
    mode: 'server' | 'proxy'
    links: readonly Pick<ListenerOptions, 'interface' | 'address' | 'fd' | 'bootServerFd'>[]
  }

/** How long the list of own addresses is believed: asking the kernel for it takes longer than a reply does. */
const ADDRESSES_MS = 1000

/**
 * Builds the listeners; nothing is opened before `start`. If some links cannot be opened, `start` rejects with the first failure
 * while the others go on serving. Throws INVALID_CONFIG.
 */
export function createDhcpService(options: DhcpServiceOptions): Listener {
  const { mode, links, onEvent, onDatagram, isKnownMachine, now, bootFileFor } = options
  const bootLoopWatch = options.bootLoopWatch ?? createBootLoopWatch()
  const ownAddresses = remembered(hostAddresses, ADDRESSES_MS)
  const responder =
    mode === 'server'
      ? createDhcpServer({ ...options, ownAddresses, bootLoopWatch })
      : createProxy({ bootFileFor, ownAddresses, bootLoopWatch })
  const bootServer = createBootServer({ bootFileFor, bootLoopWatch })
  const listeners = links.map((link) =>
    createListener({
      ...link,
      responder,
      bootServer,
      bootServerRequired: mode === 'proxy',
      onEvent,
      ...(onDatagram && { onDatagram }),
      ...(isKnownMachine && { isKnownMachine }),
      ...(now && { now }),
    }),
  )
  return {
    async start() {
      const results = await Promise.allSettled(listeners.map((listener) => listener.start()))
      const failure = results.find((result) => result.status === 'rejected')
      if (failure) throw failure.reason
    },
    async stop() {
      await Promise.all(listeners.map((listener) => listener.stop()))
    },
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
