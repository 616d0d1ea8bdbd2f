/** Which subnets serve the link a message comes from: the one it names, and those that share the wire with it. */
import { UNSPECIFIED } from './ipv4.ts'
import { OPTION, readAddress, relayAgent } from './options.ts'
import type { AddressPool, Holder } from './pool.ts'
import { clientAddress, isRelayed, type Received } from './reply.ts'
import type { Subnet } from './subnets.ts'

/** A subnet and its addresses. */
export interface Served {
  subnet: Subnet
  pool: AddressPool
}

export class Networks {
  readonly #all: readonly Served[]
  /** Each subnet with the others of its shared network behind it. */
  readonly #shared: ReadonlyMap<Served, readonly Served[]>

  constructor(all: readonly Served[]) {
    this.#all = all
    const isBeside = (one: Served, other: Served): boolean =>
      one !== other && one.subnet.network === other.subnet.network
    this.#shared = new Map(all.map((one) => [one, [one, ...all.filter((other) => isBeside(one, other))]]))
  }

  /**
   * Behind a relay the subnet of option 82.5, else of option 118, else of giaddr; a renewal sent straight past the relay tells by its
   * ciaddr. Empty if none of ours is meant.
   */
  of({ packet, link }: Received): readonly Served[] {
    if (isRelayed(packet)) {
      const { options, giaddr } = packet
      const selected = relayAgent(options).linkSelection ?? readAddress(options, OPTION.subnetSelection) ?? giaddr
      return this.#containing(selected) ?? []
    }
    const ciaddr = clientAddress(packet)
    const byClient = ciaddr === UNSPECIFIED ? undefined : this.#containing(ciaddr)
    return byClient ?? this.#containing(link.address) ?? []
  }

  #containing(address: string): readonly Served[] | undefined {
    const found = this.#all.find(({ subnet }) => subnet.contains(address))
    return found && this.#shared.get(found)
  }
}

/** The subnet of the network that `address` lies in, else the first. */
export function memberFor(network: readonly Served[], address: string): Served {
  return network.find(({ subnet }) => subnet.contains(address)) ?? network[0]!
}

/** The network in the order in which a client is looked after: where it is expected, where it was, where it wants to be. */
export function inOrderFor(network: readonly Served[], holder: Holder, wanted: string | undefined): readonly Served[] {
  if (network.length === 1) return network
  const rank = ({ subnet, pool }: Served): number => {
    if (pool.reservationOf(holder) !== undefined) return 0
    if (pool.leaseOf(holder.key)) return 1
    return wanted !== undefined && subnet.contains(wanted) ? 2 : 3
  }
  return network.toSorted((a, b) => rank(a) - rank(b))
}
