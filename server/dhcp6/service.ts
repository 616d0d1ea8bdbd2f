/** The DHCPv6 service of one link. */
import type { Listener } from '../dhcp/listener.ts'
import { activeAddresses6 } from '../host/addresses.ts'
import { createListener6, type Listener6Options } from './listener.ts'
import { createDhcp6Server, type Server6Options } from './server.ts'

export type Dhcp6ServiceOptions = Omit<Server6Options, 'ownAddresses'> & Omit<Listener6Options, 'responder'>

/** How long the list of own addresses is believed: asking the kernel for it takes longer than a reply does. */
const ADDRESSES_MS = 1000

/** Nothing is opened before `start`. Throws INVALID_CONFIG. */
export function createDhcp6Service(options: Dhcp6ServiceOptions): Listener {
  let own = { addresses: ownAddresses(), at: performance.now() }
  const responder = createDhcp6Server({
    ...options,
    ownAddresses: () => {
      const now = performance.now()
      if (now - own.at > ADDRESSES_MS) own = { addresses: ownAddresses(), at: now }
      return own.addresses
    },
  })
  return createListener6({ ...options, responder })
}

function ownAddresses(): ReadonlySet<string> {
  return new Set(activeAddresses6().map(({ address }) => address))
}
