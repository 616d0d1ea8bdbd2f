// Starts DHCP and TFTP as the configuration wants them, and connects them to machines, history, log and metrics.
import type { Config } from './config/load.ts'
import { parseRange } from './config/checks.ts'
import type { Lease, SystemInfo } from './contract/system.ts'
import type { BootMachine } from './core/boot.ts'
import type { EventLog } from './core/events.ts'
import type { Inventory } from './core/inventory.ts'
import type { MachineRecord } from './core/machine-store.ts'
import { dhcpBootDesk } from './dhcp/boot-desk.ts'
import { createBootLoopWatch } from './dhcp/boot-loop.ts'
import { leaseList } from './dhcp/lease-list.ts'
import { dhcpReport } from './dhcp/report.ts'
import { fixedReservations } from './dhcp/reservations.ts'
import { createDhcpService } from './dhcp/service.ts'
import { adoptedSockets } from './dhcp/sockets.ts'
import { addressOf } from './host/addresses.ts'
import type { SubnetConfig } from './dhcp/subnets.ts'
import { identifyScript } from './http/boot/script.ts'
import { serverView } from './http/boot/server-view.ts'
import type { ServerNames } from './http/boot/server-view.ts'
import type { Logger } from './observe/logger.ts'
import type { Metrics } from './observe/metrics.ts'
import type { Templates } from './render/templates.ts'
import type { Store } from './store/store.ts'
import { fileSource } from './tftp/file-source.ts'
import { tftpReport } from './tftp/report.ts'
import { createTftpServer } from './tftp/server.ts'

export interface NetbootParts {
  config: Config
  /** By path below /boot/. */
  bootFiles: Readonly<Record<string, string>>
  templates: Templates
  serverNames: ServerNames
  store: Pick<Store, 'leases'>
  inventory: Inventory
  toBoot: (machine: MachineRecord) => BootMachine
  events: EventLog
  logger: Logger
  metrics: Metrics
}

export interface Netboot extends AsyncDisposable {
  links(): SystemInfo['dhcp']
  leases(): Lease[]
  /** The machine got as far as its script, so its loader works. */
  scriptServed(mac: string): void
}

/** Rejects with DhcpError or TftpError, and then holds no socket. */
export async function startNetboot(parts: NetbootParts): Promise<Netboot> {
  const { config, store, inventory, toBoot, events, logger, metrics } = parts
  const { mode, interface: link, subnet } = config.dhcp
  await using stack = new AsyncDisposableStack()
  const watch = createBootLoopWatch()
  const reservations = (subnet?.reservations ?? []).map(({ mac, address, hostname }) => ({
    address,
    match: { mac },
    ...(hostname !== undefined && { hostname }),
  }))
  const machineOf = (mac: string) => inventory.find({ mac })?.id

  if (config.tftp.enabled) {
    const address = serviceAddress(config)
    const machineAt = (client: string) => {
      const lease = store.leases.at(client)
      return lease && machineOf(lease.mac)
    }
    const tftp = createTftpServer({
      address,
      port: config.tftp.port,
      source: tftpSource(parts),
      onEvent: tftpReport({ logger, metrics, events, machineAt }),
    })
    await tftp.start()
    stack.defer(() => tftp.stop())
  }

  if (mode !== 'off' && link !== undefined) {
    const fd = adoptedSockets(process.env, process.pid).get(`dhcp-${link}`)
    const dhcp = createDhcpService({
      mode,
      links: [{ interface: link, ...(fd !== undefined && { fd }) }],
      subnets: subnet ? [subnetOf(subnet)] : [],
      store: store.leases,
      reservations: fixedReservations(reservations),
      bootFileFor: dhcpBootDesk({ inventory, toBoot, httpPort: config.http.port }),
      isKnownMachine: (mac) => machineOf(mac) !== undefined,
      onEvent: dhcpReport({ logger, metrics, events, inventory }),
      bootLoopWatch: watch,
    })
    stack.defer(() => dhcp.stop())
    await dhcp.start()
  }

  const running = stack.move()
  return {
    links: () =>
      mode === 'off' || link === undefined
        ? []
        : [{ interface: link, address: serviceAddress(config), mode, state: 'running', problem: null }],
    leases: () => leaseList({ leases: store.leases.all(), reservations, machineOf, now: Date.now() }),
    scriptServed: (mac) => watch.scriptServed(mac),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

function serviceAddress({ address, dhcp }: Config): string {
  return (dhcp.interface === undefined ? undefined : addressOf(dhcp.interface)) ?? address
}

function subnetOf(subnet: NonNullable<Config['dhcp']['subnet']>): SubnetConfig {
  const { cidr, pool, exclude, router, dns, ntp, domain, leaseSeconds, authoritative } = subnet
  return {
    cidr,
    ranges: pool.map(parseRange),
    exclusions: exclude,
    dns,
    ntp,
    leaseSeconds,
    authoritative,
    ...(router !== undefined && { router }),
    ...(domain !== undefined && { domain }),
  }
}

function tftpSource({ bootFiles, templates, serverNames }: NetbootParts) {
  const prefix = 'loaders/'
  const loaders = Object.entries(bootFiles).filter(([path]) => path.startsWith(prefix))
  const byName = Object.fromEntries(loaders.map(([path, file]) => [path.slice(prefix.length), file]))
  return fileSource(() => byName, {
    'autoexec.ipxe': (address) => identifyScript(templates, serverView(serverNames, address)),
  })
}
