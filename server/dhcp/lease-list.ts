/** Leases and reservations as people see them. */
import type { Lease as LeaseView } from '../contract/system.ts'
import type { Lease } from './leases.ts'
import type { Reservation } from './reservations.ts'
import { parseIpv4 } from './ipv4.ts'

export interface LeaseListSources {
  leases: Iterable<Pick<Lease, 'address' | 'mac' | 'hostname' | 'state' | 'start' | 'end'>>
  reservations: readonly Reservation[]
  machineOf: (mac: string) => string | undefined
  /** Milliseconds since the epoch. */
  now: number
}

/** One row per address, in the order of addresses; a reservation is a row of its own while nobody holds its lease. */
export function leaseList({ leases, reservations, machineOf, now }: LeaseListSources): LeaseView[] {
  const rows = [...leases].map((lease) => rowOf(lease, machineOf(lease.mac), now))
  const leased = new Set(rows.map(({ address }) => address))
  const promised = reservations
    .filter(({ address }) => !leased.has(address))
    .map(({ address, hostname, match: { mac = '' } }): LeaseView => {
      const names = { mac, machineId: machineOf(mac) ?? null, hostname: hostname ?? null }
      return { address, ...names, state: 'reserved', startsAt: null, endsAt: null }
    })
  return [...rows, ...promised].sort((a, b) => order(a) - order(b))
}

function rowOf(
  {
    address,
    mac,
    hostname,
    state,
    start,
    end,
  }: Pick<Lease, 'address' | 'mac' | 'hostname' | 'state' | 'start' | 'end'>,
  machineId: string | undefined,
  now: number,
): LeaseView {
  return {
    address,
    mac,
    machineId: machineId ?? null,
    hostname: hostname ?? null,
    state: state === 'bound' && end <= now ? 'expired' : state,
    startsAt: new Date(start).toISOString(),
    endsAt: new Date(end).toISOString(),
  }
}

function order({ address }: LeaseView): number {
  return parseIpv4(address) ?? 0
}
