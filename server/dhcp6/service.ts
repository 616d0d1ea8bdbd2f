/** The DHCPv6 service of one link. */
import { PatientListener } from '../dhcp/patient-listener.ts'
import { activeAddresses6 } from '../host/addresses.ts'
import { createListener6, type Listener6Options } from './listener.ts'
import { createDhcp6Server, type Server6Options } from './server.ts'

export type Dhcp6ServiceOptions = Omit<Server6Options, 'ownAddresses'> & Omit<Listener6Options, 'responder'>

/** How long the list of own addresses is believed: asking the kernel for it takes longer than a reply does. */
const ADDRESSES_MS = 1000

/** Nothing is opened before `start`. A port that another program holds is tried again until it is free. Throws INVALID_CONFIG. */
export function createDhcp6Service(options: Dhcp6ServiceOptions): PatientListener {
  let own = { addresses: ownAddresses(), at: performance.now() }
  const responder = createDhcp6Server({
    ...options,
    ownAddresses: () => {
      const now = performance.now()
      if (now - own.at > ADDRESSES_MS) own = { addresses: ownAddresses(), at: now }
      return own.addresses
    },
  })
  const { interface: name, onEvent } = options
  return new PatientListener({ interface: name, listener: createListener6({ ...options, responder }), onEvent })
}

function ownAddresses(): ReadonlySet<string> {
  return new Set(activeAddresses6().map(({ address }) => address))
}
