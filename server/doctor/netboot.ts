// Why machines do not netboot, found in what server and host tell: facts in, findings out.
import { formatAge } from '../contract/age.ts'
import type { Finding } from '../contract/finding.ts'
import type { SystemInfo } from '../contract/system.ts'
import type { Trace, TraceOverview } from '../contract/trace.ts'
import { firewallAnswer } from './firewall.ts'
import type { Probe } from './firewall.ts'
import type { HostFacts } from './host.ts'

export interface NetbootFacts {
  /** What the server tells, or why it does not. */
  server: { system: SystemInfo; overview: TraceOverview } | { unreachable: string; next: string }
  /** Absent when the server runs on another host. */
  host: HostFacts | undefined
  /** The machine or stranger that is asked about; its trace is absent when nothing was heard of it. */
  client?: { name: string; trace: Trace | undefined }
  now: number
}

/** In the order of the way a packet takes. */
export function diagnoseNetboot(facts: NetbootFacts): Finding[] {
  const { server, host, client, now } = facts
  if ('unreachable' in server) {
    const problem: Finding = {
      code: 'SERVER_UNREACHABLE',
      level: 'problem',
      message: `the server does not answer: ${server.unreachable}`,
      next: [server.next],
    }
    return [problem, ...(host ? diagnoseHost(host) : [])]
  }
  const { system, overview } = server
  return [
    ...serviceFindings(system),
    ...(host ? linkFindings(host, system) : [REMOTE]),
    ...(host ? portFindings(host, system.dhcp) : []),
    ...(host
      ? firewallFindings(host, {
          services: servicesOf(system.dhcp),
          link: system.dhcp[0]?.interface,
          httpPort: portOf(system.httpUrl),
        })
      : []),
    ...wireFindings(system, overview, now),
    ...(client ? clientFindings(client, now) : strangerFindings(overview)),
  ]
}

/** What a host has in the way of a server that gives no boot data there yet. */
export function diagnoseHost(
  host: HostFacts,
  { link, httpPort = HTTP_PORT }: { link?: string; httpPort?: number } = {},
): Finding[] {
  return [...portFindings(host, []), ...firewallFindings(host, { services: servicesOf([]), link, httpPort })]
}

const HTTP_PORT = 8080

const REMOTE: Finding = {
  code: 'HOST_NOT_CHECKED',
  level: 'note',
  message: 'links, ports and firewall of the server were not looked at: it runs on another host',
  next: ['run the same command there, as root'],
}

function serviceFindings({ dhcp, warnings }: SystemInfo): Finding[] {
  const others = warnings.filter((text) => !text.startsWith('machines cannot netboot'))
  const missing = others.map((message): Finding => ({ code: 'SERVER_WARNING', level: 'problem', message }))
  if (dhcp.length === 0) {
    const message = 'DHCP is off: this server tells no machine what to boot'
    const next = ['set dhcp.mode to server, or to proxy beside another DHCP server, and dhcp.interface; then restart']
    return [{ code: 'DHCP_OFF', level: 'problem', message, next }, ...missing]
  }
  return [
    ...dhcp.map(({ interface: link, address, mode, state, problem }): Finding => {
      const what = `DHCP (${mode}) on ${link}, ${address}`
      return state === 'running'
        ? { code: 'DHCP_ON', level: 'ok', message: what }
        : { code: 'DHCP_FAILED', level: 'problem', message: `${what}: ${problem ?? 'it does not run'}` }
    }),
    ...missing,
  ]
}

function linkFindings({ links }: HostFacts, { dhcp }: SystemInfo): Finding[] {
  return dhcp.map(({ interface: name, address }): Finding => {
    const link = links.find((one) => one.name === name)
    if (!link) {
      const next = [`links of this host: ${links.map((one) => one.name).join(', ')}; set dhcp.interface`]
      return { code: 'LINK_MISSING', level: 'problem', message: `there is no interface ${name}`, next }
    }
    if (link.carrier !== true) {
      const message = `${name} has no carrier: nothing is at the other end of its cable, or it is down`
      return {
        code: 'LINK_DOWN',
        level: 'problem',
        message,
        next: ['check cable and switch port', `ip link set ${name} up`],
      }
    }
    if (!link.addresses.includes(address)) {
      const message = `${name} no longer has the address ${address}`
      return { code: 'LINK_ADDRESS', level: 'problem', message, next: ['give it back, or restart the server'] }
    }
    return { code: 'LINK_UP', level: 'ok', message: `${name} has a carrier` }
  })
}

const SERVICES4: readonly Service[] = [
  [67, 'DHCP'],
  [4011, 'PXE boot server'],
]
const SERVICES6: readonly Service[] = [[547, 'DHCPv6']]
const TFTP: Service = [69, 'TFTP']
type Service = readonly [port: number, name: string]

/** What the server should be heard on; where nothing tells, what machines with IPv4 ask for. */
function servicesOf(links: Links): Service[] {
  const isV6 = ({ mode }: Links[number]) => mode === 'stateful' || mode === 'stateless'
  const six = links.some(isV6)
  const four = !six || links.some((link) => !isV6(link))
  return [...(four ? SERVICES4 : []), ...(six ? SERVICES6 : []), TFTP].toSorted(([a], [b]) => a - b)
}

type Links = SystemInfo['dhcp']

function portFindings({ holders }: HostFacts, links: Links): Finding[] {
  return servicesOf(links).flatMap(([port, service]): Finding[] => {
    const mine = holders.filter((holder) => holder.port === port)
    const strangers = mine.filter(({ process }) => process && !process.command.includes('landfall'))
    if (strangers.length > 0) {
      const who = strangers.map(({ process }) => `${process!.name} (process ${process!.pid})`).join(', ')
      const message = `UDP ${port} (${service}) is held by ${who}`
      return [{ code: 'PORT_TAKEN', level: 'problem', message, next: [`stop it, or have it leave UDP ${port} alone`] }]
    }
    if (mine.length === 0) {
      if (links.length === 0) return []
      const message = `nobody listens on UDP ${port} (${service})`
      return [{ code: 'PORT_CLOSED', level: 'problem', message, next: ["the server's log tells why it does not"] }]
    }
    const unknown = mine.some(({ process }) => !process)
    const message = `UDP ${port} (${service}) is open${unknown ? '; only root may see by whom' : ''}`
    return [{ code: 'PORT_OPEN', level: unknown ? 'note' : 'ok', message }]
  })
}

function firewallFindings(
  { firewall, firewallUnknown }: HostFacts,
  { services, link, httpPort }: { services: readonly Service[]; link: string | undefined; httpPort: number },
): Finding[] {
  if (!firewall) {
    const message = `the firewall of this host could not be read: ${firewallUnknown}`
    return [{ code: 'FIREWALL_UNKNOWN', level: 'note', message }]
  }
  const probes: Probe[] = [
    ...services.map(([port]) => ({ protocol: 'udp' as const, port })),
    { protocol: 'tcp', port: httpPort },
  ]
  const found = probes.flatMap((probe): Finding[] => {
    const answer = firewallAnswer(firewall, { ...probe, ...(link !== undefined && { interface: link }) })
    if (answer.answer === 'passes') return []
    const what = `${probe.protocol.toUpperCase()} ${probe.port}`
    const drops = answer.answer === 'dropped'
    return [
      {
        code: drops ? 'FIREWALL_DROPS' : 'FIREWALL_UNSURE',
        level: drops ? 'problem' : 'note',
        message: `the firewall of this host ${drops ? 'drops' : 'may drop'} ${what}: ${answer.rule}`,
        next: [`allow ${what} ${link === undefined ? 'from machines' : `on ${link}`}`],
      },
    ]
  })
  return found.length > 0
    ? found
    : [{ code: 'FIREWALL_PASSES', level: 'ok', message: 'the firewall of this host lets DHCP, TFTP and HTTP in' }]
}

function wireFindings({ dhcp }: SystemInfo, { wire }: TraceOverview, now: number): Finding[] {
  const mode = dhcp[0]?.mode
  if (mode === undefined) return []
  const six = dhcp.some((link) => link.mode === 'stateful' || link.mode === 'stateless')
  const others = wire.otherServers.map(({ address, lastAt }): Finding => {
    const message = `another DHCP server, ${address}, was chosen by a client ${formatAge(lastAt, now)} ago`
    if (mode === 'proxy' && !address.startsWith('DUID')) return { code: 'OTHER_SERVER', level: 'ok', message }
    // A server of DHCPv6 is known by its identifier.
    const isV6 = address.startsWith('DUID')
    const beside = isV6 ? 'set dhcp6.mode to stateless beside it' : 'set dhcp.mode to proxy beside it'
    const next = [`switch it off on this network, or ${beside}`]
    return { code: 'OTHER_SERVER', level: 'problem', message, next }
  })
  if (wire.dhcpReceived === 0) {
    return [
      {
        code: 'NOTHING_HEARD',
        level: 'problem',
        message: `no DHCP packet arrived since the server started, ${formatAge(wire.since, now)} ago`,
        causes: [
          'machines are in another network or VLAN than this link; PXE sends untagged',
          'a switch drops DHCP to servers it does not trust (DHCP snooping)',
          'no relay sends to this server',
          ...(six ? ['no router announces that addresses or boot data are to be had by DHCPv6 (flags M and O)'] : []),
          'no machine has tried to boot from the network yet',
        ],
        next: [
          'start a machine from the network and run this again',
          `tcpdump -i ${dhcp[0]!.interface} port ${mode === 'stateful' || mode === 'stateless' ? 547 : 67}`,
        ],
      },
      ...others,
    ]
  }
  const message = `${countText(wire.dhcpReceived, 'DHCP packet')} arrived, the newest ${formatAge(wire.dhcpLastAt, now)} ago; ${countText(wire.tftpReceived, 'TFTP request')}`
  const proxyAlone: Finding[] =
    mode === 'proxy' && others.length === 0
      ? [
          {
            code: 'NO_OTHER_SERVER',
            level: 'note',
            message: 'a proxy gives no addresses, and no client has taken one of another DHCP server yet',
            next: ['see that the other DHCP server serves this network'],
          },
        ]
      : []
  return [{ code: 'PACKETS_ARRIVE', level: 'ok', message }, ...others, ...proxyAlone]
}

function clientFindings({ name, trace }: NonNullable<NetbootFacts['client']>, now: number): Finding[] {
  const [boot] = trace?.boots ?? []
  if (!boot) {
    return [
      {
        code: 'CLIENT_NOT_HEARD',
        level: 'problem',
        message: `nothing was heard of ${name}, or not lately`,
        causes: [
          'it does not try: network boot is not in its boot order, or off for this network card',
          'its cable is in another network card, switch port or VLAN',
          'its switch port blocks for longer than its firmware asks (spanning tree, LACP without fallback)',
        ],
        next: ['choose network boot in its boot menu (often F12) and watch: landfall machine trace --watch'],
      },
    ]
  }
  const { code, level, message, causes, next } = boot.verdict
  return [
    { code: 'CLIENT_HEARD', level: 'ok', message: `${name} was heard ${formatAge(boot.lastAt, now)} ago` },
    { code, level: level === 'trouble' ? 'problem' : level === 'good' ? 'ok' : 'note', message, causes, next },
  ]
}

function strangerFindings({ clients }: TraceOverview): Finding[] {
  return clients
    .filter(({ verdict }) => verdict.level === 'trouble')
    .map(({ client, verdict, description }) => ({
      code: verdict.code,
      level: 'problem' as const,
      message: `${client} (${description ?? 'unknown'}): ${verdict.message}`,
      next: [`landfall doctor netboot ${client}`],
    }))
}

function portOf(url: string): number {
  return Number(new URL(url).port || 80)
}

/** `1 DHCP packet`, `2 DHCP packets`. */
function countText(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
