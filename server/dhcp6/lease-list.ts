/** IPv6 leases and reservations as people see them. */
import { leaseList, type LeaseListSources } from '../dhcp/lease-list.ts'
import type { Lease as LeaseView } from '../contract/system.ts'
import { parseIpv6 } from '../host/ipv6.ts'

/** One row per address, in the order of addresses; a reservation is a row of its own while nobody holds its lease. */
export function leaseList6(sources: LeaseListSources): LeaseView[] {
  return leaseList(sources).sort((a, b) => (number(a) < number(b) ? -1 : 1))
}

function number({ address }: LeaseView): bigint {
  return parseIpv6(address) ?? 0n
}
