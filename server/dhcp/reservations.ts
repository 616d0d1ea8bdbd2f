/** Addresses promised to particular machines. */
import type { Client } from './client.ts'

/** Matches when every matcher given matches; at least one is needed. */
export interface Reservation {
  address: string
  hostname?: string
  match: {
    /** `aa:bb:cc:dd:ee:ff`, lower case. */
    mac?: string
    /** SMBIOS UUID as dmidecode shows it, lower case. */
    uuid?: string
    /** Option 61, and the relay's circuit and remote id, as lower-case hex. */
    clientId?: string
    circuitId?: string
    remoteId?: string
  }
}

/** Asked anew for every message, so the answers may change while the server runs. */
export interface Reservations {
  /** `inSubnet` tells which addresses fit the link the client is on: a machine may have one reservation per subnet. */
  find(client: Client, inSubnet: (address: string) => boolean): Reservation | undefined
  /** True if the address is promised to anybody, so that nobody else is given it. */
  has(address: string): boolean
}

type Matcher = keyof Reservation['match']
const MATCHERS: readonly Matcher[] = ['mac', 'uuid', 'clientId', 'circuitId', 'remoteId']

/** Reservations from a fixed list; the first in the list wins. */
export function fixedReservations(list: readonly Reservation[]): Reservations {
  const addresses = new Set(list.map(({ address }) => address))
  // One index entry per reservation, under its first matcher, keeps look-ups quick with thousands of machines.
  const index = new Map<string, Reservation[]>()
  for (const reservation of list) {
    const first = MATCHERS.find((matcher) => reservation.match[matcher] !== undefined)
    if (!first) continue
    const key = `${first} ${reservation.match[first]}`
    index.set(key, [...(index.get(key) ?? []), reservation])
  }
  return {
    has: (address) => addresses.has(address),
    find: (client, inSubnet) =>
      // Most sites have none, and every message asks several times.
      index.size === 0
        ? undefined
        : MATCHERS.flatMap((matcher) => index.get(`${matcher} ${client[matcher]}`) ?? []).find(
            ({ address, match }) =>
              inSubnet(address) &&
              MATCHERS.every((matcher) => match[matcher] === undefined || match[matcher] === client[matcher]),
          ),
  }
}
