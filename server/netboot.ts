// Starts DHCP and TFTP as the configuration wants them, and connects them to machines, history, log and metrics.
import { join } from 'node:path'
import type { Config } from './config/load.ts'
import { parsePorts, parseRange } from './config/checks.ts'
import type { Lease, SystemInfo } from './contract/system.ts'
import type { BootMachine, Installers } from './core/boot.ts'
import type { EventLog } from './core/events.ts'
import type { Inventory } from './core/inventory.ts'
import type { MachineRecord } from './core/machine-store.ts'
import { dhcpBootDesk } from './dhcp/boot-desk.ts'
import type { BootDeskPorts } from './dhcp/boot-desk.ts'
import type { BootLoopWatch } from './dhcp/boot-loop.ts'
import type { DhcpEvent } from './dhcp/events.ts'
import { leaseList } from './dhcp/lease-list.ts'
import type { LoaderWatch } from './dhcp/loader-watch.ts'
import { U_BOOT } from './dhcp/loaders.ts'
import { dhcpReport } from './dhcp/report.ts'
import { fixedReservations } from './dhcp/reservations.ts'
import { createDhcpService } from './dhcp/service.ts'
import type { DhcpService, LinkStatus } from './dhcp/service.ts'
import { unlessStoreFails } from './core/errors.ts'
import { addressOf } from './host/addresses.ts'
import type { InheritedSockets } from './host/inherited-sockets.ts'
import { macInAddress, urlHost } from './host/ipv6.ts'
import type { SubnetConfig } from './dhcp/subnets.ts'
import type { ExtlinuxDesk } from './http/boot/extlinux-desk.ts'
import type { GrubDesk } from './http/boot/grub-desk.ts'
import { mediumLoader } from './http/boot/medium-loaders.ts'
import { identifyScript } from './http/boot/script.ts'
import { serverView } from './http/boot/server-view.ts'
import type { ServerNames } from './http/boot/server-view.ts'
import { serviceAddress6, startNetboot6 } from './netboot6.ts'
import type { Logger } from './observe/logger.ts'
import type { Metrics } from './observe/metrics.ts'
import type { Templates } from './render/templates.ts'
import type { Store } from './store/store.ts'
import { fileSource } from './tftp/file-source.ts'
import { firstOf, locatedSource, textSource } from './tftp/made-source.ts'
import { tftpReport } from './tftp/report.ts'
import { raspberryPiNames, SiteFolder, siteSource } from './tftp/site-folder.ts'
import { createTftpServer } from './tftp/server.ts'
import type { TftpSource } from './tftp/source.ts'
import type { Taps } from './trace/taps.ts'

export interface NetbootParts {
  config: Config
  /** By path below /boot/. */
  bootFiles: Readonly<Record<string, string>>
  installers: Installers
  templates: Templates
  serverNames: ServerNames
  /** Those named `tftp`, `tftp-INTERFACE`, `dhcp-INTERFACE` and `pxe-INTERFACE` are used. */
  sockets: InheritedSockets
  store: Pick<Store, 'leases' | 'leases6' | 'transactions'>
  inventory: Inventory
  toBoot: (machine: MachineRecord) => BootMachine
  medium: BootDeskPorts['medium']
  /** Path on disk of a medium's file, by its path below /media/. */
  mediumFile: (path: string) => string | undefined
  grub: GrubDesk
  extlinux: ExtlinuxDesk
  loaderWatch: LoaderWatch
  bootLoopWatch: BootLoopWatch
  events: EventLog
  logger: Logger
  metrics: Metrics
  /** Keeps what comes in and goes out, for boot stories. */
  taps: Taps
}

export interface Netboot extends AsyncDisposable {
  links(): SystemInfo['dhcp']
  /** What is not as the configuration wants it, in sentences for people. */
  warnings(): string[]
  leases(): Lease[]
}

/** Rejects with DhcpError or TftpError, and then holds no socket. */
export async function startNetboot(parts: NetbootParts): Promise<Netboot> {
  const { config, bootFiles, sockets, store, inventory, events, logger, metrics, loaderWatch, bootLoopWatch, taps } =
    parts
  const { mode, subnet, interfaces } = config.dhcp
  await using stack = new AsyncDisposableStack()
  const allSubnets = subnet ? [subnet, ...config.dhcp.subnets] : []
  const reservations = allSubnets
    .flatMap((one) => one.reservations)
    .map(({ mac, address, hostname }) => ({
      address,
      match: { mac },
      ...(hostname !== undefined && { hostname }),
    }))
  const machineOf = (mac: string) => inventory.find({ mac })?.id

  const raspberryPi = new SiteFolder(join(config.dataDir, 'raspberry-pi'))
  await raspberryPi.files()
  if (config.tftp.enabled) {
    const { port, transferPorts, maxTransfers, maxTransfersPerClient } = config.tftp
    const machineAt = (client: string) => {
      const mac = (store.leases.at(client) ?? store.leases6.at(client))?.mac ?? macInAddress(client)
      return mac === undefined ? undefined : machineOf(mac)
    }
    const report = tftpReport({ logger, metrics, events, machineAt })
    for (const { address, socket } of tftpListeners(config)) {
      const fd = socket === undefined ? undefined : sockets.take(socket)
      const tftp = createTftpServer({
        address,
        ...(fd !== undefined && { fd }),
        port,
        maxTransfers,
        maxTransfersPerClient,
        ...(transferPorts !== undefined && { transferPorts: parsePorts(transferPorts) }),
        source: tftpSource(parts, raspberryPi),
        onEvent(event) {
          if (event.type === 'transfer' && event.outcome === 'completed') {
            loaderWatch.fetched(event.remote.address, event.file)
          }
          report(event)
          taps.tftpEvent(event)
        },
        onDatagram: (bytes, remote) => taps.tftpDatagram(bytes, remote, { address, port }),
      })
      await tftp.start()
      stack.defer(() => tftp.stop())
    }
  }

  const bootFileFor = dhcpBootDesk({
    ...parts,
    raspberryPi: { folder: raspberryPi.path, isEmpty: () => raspberryPi.isEmpty() },
    loaders: new Set(loadersOf(bootFiles).map(([name]) => name)),
    siteLoader: config.boot.loader,
    httpPort: config.http.port,
  })
  const report = dhcpReport({ logger, metrics, events, inventory })
  const onEvent = (event: DhcpEvent) => {
    report(event)
    taps.dhcpEvent(event)
  }
  let dhcp: DhcpService | undefined
  if (mode !== 'off' && interfaces.length > 0) {
    const service = createDhcpService({
      mode,
      links: interfaces.map((link) => {
        const [fd, bootServerFd] = [sockets.take(`dhcp-${link}`), sockets.take(`pxe-${link}`)]
        return { interface: link, ...(fd !== undefined && { fd }), ...(bootServerFd !== undefined && { bootServerFd }) }
      }),
      subnets: allSubnets.map(subnetOf),
      store: store.leases,
      reservations: fixedReservations(reservations),
      bootFileFor,
      isKnownMachine: (mac) => machineOf(mac) !== undefined,
      onEvent,
      onDatagram: (datagram) => taps.dhcpDatagram(datagram),
      // A rack that boots brings a burst of history too: one wait for the disk.
      inOneGo: (tell) => unlessStoreFails(() => store.transactions.transaction(tell)),
      bootLoopWatch,
    })
    stack.defer(() => service.stop())
    await service.start()
    dhcp = service
  }
  const six = await startNetboot6({
    config: config.dhcp6,
    store,
    bootFileFor,
    bootLoopWatch,
    machineOf,
    onEvent(event) {
      report(event)
      taps.dhcp6Event(event)
    },
    onDatagram: (datagram, client) => taps.dhcp6Datagram(datagram, client),
  })
  stack.use(six)

  const running = stack.move()
  return {
    links: () => [
      ...(dhcp?.status() ?? []).map(({ interface: name, mode: current, state, problem }) => ({
        interface: name,
        address: addressOf(name) ?? config.address,
        mode: current,
        state,
        problem,
      })),
      ...six.links(),
    ],
    warnings: () => [
      ...(dhcp?.status() ?? []).flatMap(warningsOf),
      ...six
        .links()
        .flatMap((link) => (link.problem === null ? [] : [notRunning('DHCPv6', link.interface, link.problem)])),
    ],
    leases: () => [
      ...leaseList({ leases: store.leases.all(), reservations, machineOf, now: Date.now() }),
      ...six.leases(),
    ],
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

function warningsOf({ interface: link, state, problem, otherServer }: LinkStatus): string[] {
  if (state === 'failed') return [notRunning('DHCP', link, problem)]
  return [
    ...(problem === null ? [] : [`dhcp.mode auto cannot tell whether ${link} has another DHCP server: ${problem}`]),
    ...(otherServer === undefined
      ? []
      : [
          `${otherServer} gives addresses on ${link}: Landfall only adds boot data there (dhcp.mode auto), which some UEFI firmware ` +
            'does not take; with that server off, Landfall gives the addresses itself a few minutes later',
        ]),
  ]
}

function notRunning(service: 'DHCP' | 'DHCPv6', link: string, problem: string | null): string {
  return `${service} on ${link} does not run: ${problem}; Landfall tries again every half minute`
}

interface TftpListener {
  address: string
  /** Its name among inherited sockets, if it can be one. */
  socket?: string
}

/** TFTP answers from the address that was asked, so each address has a listener of its own. */
function tftpListeners(config: Config): TftpListener[] {
  const { address, dhcp, dhcp6 } = config
  const [first, ...further] = dhcp.interfaces
  const six = serviceAddress6(dhcp6)
  const listeners: TftpListener[] = [
    ...(dhcp.mode === 'off' && dhcp6.mode !== 'off'
      ? []
      : [{ address: (first === undefined ? undefined : addressOf(first)) ?? address, socket: 'tftp' }]),
    ...further.flatMap((link) => {
      const own = addressOf(link)
      return own === undefined ? [] : [{ address: own, socket: `tftp-${link}` }]
    }),
    ...(six === undefined ? [] : [{ address: six }]),
  ]
  return listeners.filter((one, at) => listeners.findIndex((other) => other.address === one.address) === at)
}

function subnetOf(subnet: NonNullable<Config['dhcp']['subnet']>): SubnetConfig {
  const { cidr, pool, exclude, router, dns, ntp, domain, leaseSeconds, authoritative, sharedNetwork } = subnet
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
    ...(sharedNetwork !== undefined && { sharedNetwork }),
  }
}

/**
 * Configurations of GRUB and menus of U-Boot; a medium's files and what a loader without HTTP needs, by the paths they have there; the
 * site's files for Raspberry Pis; loaders by their bare name.
 */
function tftpSource(
  { bootFiles, mediumFile, grub, extlinux, templates, serverNames }: NetbootParts,
  raspberryPi: SiteFolder,
): TftpSource {
  const byName = Object.fromEntries(loadersOf(bootFiles))
  const server = (localAddress: string) => serverView(serverNames, urlHost(localAddress))
  return firstOf(
    textSource((name, { remoteAddress, localAddress }) =>
      grub(name, { server: server(localAddress), address: remoteAddress, by: 'tftp' }),
    ),
    textSource((name, { remoteAddress, localAddress }) =>
      extlinux(name, { server: server(localAddress), address: remoteAddress }),
    ),
    locatedSource((name) => {
      const [folder, ...rest] = withoutUBoot(name).split('/')
      const path = rest.join('/')
      if (folder === 'boot') return Object.hasOwn(bootFiles, path) ? bootFiles[path] : undefined
      return folder === 'media' ? (mediumFile(path) ?? mediumLoader(mediumFile, path)) : undefined
    }),
    siteSource(raspberryPi, raspberryPiNames),
    fileSource(() => byName, { 'autoexec.ipxe': (address) => identifyScript(templates, server(address)) }),
  )
}

/** U-Boot takes what its menu names for relative to the folder it was sent to: there everything is again. */
function withoutUBoot(name: string): string {
  const [folder, , ...rest] = name.split('/')
  return folder === U_BOOT ? rest.join('/') : name
}

/** Name on TFTP and path on disk. */
function loadersOf(bootFiles: NetbootParts['bootFiles']): [name: string, file: string][] {
  const prefix = 'loaders/'
  return Object.entries(bootFiles)
    .filter(([path]) => path.startsWith(prefix))
    .map(([path, file]) => [path.slice(prefix.length), file])
}
