// Starts DHCPv6 as the configuration wants it, and connects it to machines, history and leases.
import { randomUUID } from 'node:crypto'
import type { Config } from './config/load.ts'
import { parseRange6 } from './config/dhcp6.ts'
import type { Lease, SystemInfo } from './contract/system.ts'
import type { BootFileFor } from './dhcp/boot-options.ts'
import type { BootLoopWatch } from './dhcp/boot-loop.ts'
import type { Client } from './dhcp/client.ts'
import type { Datagram, DhcpEvent } from './dhcp/events.ts'
import type { PatientListener } from './dhcp/patient-listener.ts'
import { fixedReservations } from './dhcp/reservations.ts'
import { createDuid } from './dhcp6/duid.ts'
import { leaseList6 } from './dhcp6/lease-list.ts'
import { hex } from './dhcp6/options.ts'
import { createDhcp6Service } from './dhcp6/service.ts'
import { addressOf6, macOf } from './host/addresses.ts'
import { formatIpv6, parseIpv6 } from './host/ipv6.ts'
import type { Store } from './store/store.ts'

export interface Netboot6Parts {
  config: Config['dhcp6']
  store: Pick<Store, 'leases6'>
  bootFileFor: BootFileFor
  bootLoopWatch: BootLoopWatch
  machineOf: (mac: string) => string | undefined
  onEvent: (event: DhcpEvent) => void
  onDatagram: (datagram: Datagram, client: Client | undefined) => void
}

export interface Netboot6 extends AsyncDisposable {
  links(): SystemInfo['dhcp']
  leases(): Lease[]
}

/** The address machines are told; undefined where DHCPv6 is off, or its interface has none. */
export function serviceAddress6({ mode, interface: link, address }: Config['dhcp6']): string | undefined {
  return mode === 'off' || link === undefined ? undefined : (address ?? addressOf6(link))
}

/** Rejects with DhcpError, and then holds no socket. Does nothing where the mode is `off`. */
export async function startNetboot6(parts: Netboot6Parts): Promise<Netboot6> {
  const { config, store, bootFileFor, bootLoopWatch, machineOf, onEvent, onDatagram } = parts
  const { mode, interface: link, address, subnet, preference, rapidCommit, dns, search } = config
  const reservations = (subnet?.reservations ?? []).map(({ mac, duid, address: reserved, hostname }) => ({
    address: formatIpv6(parseIpv6(reserved)!),
    match: {
      ...(mac !== undefined && { mac }),
      ...(duid !== undefined && { clientId: duid.replaceAll(/[:-]/g, '').toLowerCase() }),
    },
    ...(hostname !== undefined && { hostname }),
  }))
  await using stack = new AsyncDisposableStack()
  let service: PatientListener | undefined
  if (mode !== 'off' && link !== undefined) {
    const newDuid = () => hex(createDuid({ mac: macOf(link), uuid: randomUUID(), now: Date.now() }))
    const listener = createDhcp6Service({
      mode,
      interface: link,
      ...(address !== undefined && { address }),
      duid: Buffer.from(store.leases6.serverDuid(newDuid), 'hex'),
      subnets: subnet ? [subnetOf(subnet, link)] : [],
      store: store.leases6,
      reservations: fixedReservations(reservations),
      bootFileFor,
      bootLoopWatch,
      preference,
      rapidCommit,
      dns,
      search,
      onEvent,
      onDatagram,
    })
    stack.defer(() => listener.stop())
    await listener.start()
    service = listener
  }
  const running = stack.move()
  return {
    links() {
      if (!service || mode === 'off' || link === undefined) return []
      const { running: open, problem } = service
      const state = open ? 'running' : 'failed'
      return [{ interface: link, address: serviceAddress6(config) ?? '', mode, state, problem }]
    },
    leases: () => leaseList6({ leases: store.leases6.all(), reservations, machineOf, now: Date.now() }),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

function subnetOf(subnet: NonNullable<Config['dhcp6']['subnet']>, link: string) {
  const { prefix, pool, exclude, leaseSeconds } = subnet
  return { prefix, interface: link, ranges: pool.map(parseRange6), exclusions: exclude, leaseSeconds }
}
