/** Where the facts of the DHCP service go: log, metrics, and the history of the machine concerned. */
import type { EventInput, EventLog } from '../core/events.ts'
import { unlessStoreFails } from '../core/errors.ts'
import type { Inventory } from '../core/inventory.ts'
import type { Logger } from '../observe/logger.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { Client } from './client.ts'
import type { BootSummary, DhcpEvent } from './events.ts'

export interface DhcpReportPorts {
  logger: Logger
  metrics: Pick<Metrics, 'dhcpMessages'>
  events: Pick<EventLog, 'append'>
  inventory: Pick<Inventory, 'find'>
}

type Level = 'debug' | 'info' | 'warn' | 'error'

const LEVELS: Record<DhcpEvent['type'], Level> = {
  received: 'debug',
  malformed: 'debug',
  ignored: 'debug',
  offer: 'debug',
  ack: 'info',
  nak: 'info',
  inform: 'debug',
  release: 'info',
  decline: 'warn',
  conflict: 'warn',
  'reservation-busy': 'warn',
  'pool-exhausted': 'warn',
  'proxy-offer': 'info',
  'boot-server-ack': 'info',
  refused: 'warn',
  'boot-loop': 'warn',
  'foreign-server': 'warn',
  failed: 'error',
  listening: 'info',
  'mode-changed': 'warn',
  'probe-failed': 'warn',
  'port-busy': 'error',
  'ambiguous-links': 'warn',
  'address-changed': 'warn',
  'socket-error': 'error',
  'send-failed': 'warn',
}

/** The same trouble is told to people once in this time. */
const REPEAT_MS = 600_000
/** Troubles told in this time; who makes up more servers and clients than that is no news. */
const MAX_NEWS = 200

/** A listener for `onEvent` of the service. Never throws because of a full disk. */
export function dhcpReport({ logger, metrics, events, inventory }: DhcpReportPorts): (event: DhcpEvent) => void {
  // No message of DHCP holds a secret, and looking for one in each took a sixth of the time of an exchange.
  const log = logger.child({ part: 'dhcp' }, { redact: [] })
  const told = new Map<string, number>()
  return (event) => {
    const level = LEVELS[event.type]
    if (log.isLevelEnabled(level)) log[level](fieldsOf(event), event.type)
    count(event)
    const entry = historyOf(event)
    if (entry) unlessStoreFails(() => keep(entry, 'client' in event ? event.client : undefined))
  }

  function count(event: DhcpEvent): void {
    const type = 'message' in event && event.type !== 'ambiguous-links' ? event.message : 'reply'
    if (!('client' in event) && event.type !== 'malformed') return
    metrics.dhcpMessages.inc({ type: event.type === 'malformed' ? 'unknown' : type, outcome: event.type })
  }

  /** What anybody on the wire can cause over and over is kept once in a while, and strangers' boots not at all: the file must not fill up. */
  function keep(entry: HistoryEntry, client: Client | undefined): void {
    const machine = client && inventory.find(client)
    if (entry.once === undefined && !machine) return
    if (entry.once !== undefined && !isNews(entry.once)) return
    const { once: _, ...input } = entry
    events.append({ ...input, machineId: machine?.id })
  }

  function isNews(subject: string): boolean {
    const now = performance.now()
    for (const [one, at] of told) {
      if (now - at < REPEAT_MS) break
      told.delete(one)
    }
    if (told.has(subject) || told.size >= MAX_NEWS) return false
    told.set(subject, now)
    return true
  }
}

/** `once` names what is told about; absent for the boot story of a known machine, which is told in full. */
interface HistoryEntry extends EventInput {
  once?: string
}

function historyOf(event: DhcpEvent): HistoryEntry | undefined {
  switch (event.type) {
    case 'ack':
    case 'inform':
    case 'proxy-offer':
    case 'boot-server-ack':
      return event.boot && bootEntry(event.client, event.boot, event.type === 'ack' ? event.address : undefined)
    case 'refused':
      return {
        type: 'boot.refused',
        once: `refused ${event.client.mac}`,
        message: `${event.client.mac} was offered nothing to boot: ${event.reason}`,
        data: { mac: event.client.mac, reason: event.reason },
      }
    case 'boot-loop':
      return {
        type: 'boot.loop',
        once: `loop ${event.client.mac}`,
        message: `${event.client.mac} fetched its loader ${event.loaders} times without ever asking for its script`,
        data: { mac: event.client.mac, loaders: event.loaders },
      }
    case 'pool-exhausted':
      return {
        type: 'dhcp.pool-exhausted',
        once: `pool ${event.subnet}`,
        message: `all addresses of ${event.subnet} are taken: machines get none until leases end or ${event.subnet.includes(':') ? 'dhcp6' : 'dhcp'}.subnet.pool grows`,
        data: { subnet: event.subnet, mac: event.client.mac },
      }
    case 'foreign-server':
      return {
        type: 'dhcp.foreign-server',
        once: `server ${event.server}`,
        message: `another DHCP server answers here: ${event.server}; ${adviceBeside(event.server)}`,
        data: { server: event.server },
      }
    case 'mode-changed':
      return {
        type: 'dhcp.mode',
        once: `mode ${event.interface} ${event.mode} ${event.server}`,
        message: event.server
          ? `${event.server} gives addresses on ${event.interface}: only boot data is added there`
          : `no other DHCP server answers on ${event.interface}: addresses are given there`,
        data: { interface: event.interface, mode: event.mode, ...(event.server && { server: event.server }) },
      }
    case 'port-busy':
      return {
        type: 'dhcp.port-busy',
        once: `port ${event.interface} ${event.error.message}`,
        message: event.error.message,
        data: { interface: event.interface },
      }
    case 'decline':
    case 'conflict':
      return {
        type: 'dhcp.declined',
        once: `address ${event.address}`,
        message: `${event.address} is in use by somebody who did not get it here; it is set aside`,
        data: { address: event.address, mac: event.client.mac },
      }
    default:
      return undefined
  }
}

/** A DHCPv6 server is known by its DUID; there is no proxy mode beside one. */
function adviceBeside(server: string): string {
  return server.startsWith('DUID')
    ? 'switch one of the two off, or set dhcp6.mode to stateless'
    : 'use dhcp.mode proxy beside it, or switch it off'
}

function bootEntry(
  { mac, architecture, kind }: Client,
  { file }: BootSummary,
  address: string | undefined,
): HistoryEntry {
  const what = architecture ? `${kind} on ${architecture.name}` : kind
  return {
    type: 'boot.dhcp',
    actor: 'machine',
    message: `${mac} (${what}) was told to fetch ${file}`,
    data: { mac, file, kind, ...(architecture && { architecture: architecture.name }), ...(address && { address }) },
  }
}

/** An event as log fields: who, and what is particular to it. */
function fieldsOf(event: DhcpEvent): Record<string, unknown> {
  const { type: _, ...rest } = event
  if (!('client' in rest)) return rest
  const { client, ...others } = rest
  const { error, ...fields } = others as typeof others & { error?: unknown }
  return {
    mac: client.mac,
    kind: client.kind,
    ...(client.architecture && { architecture: client.architecture.name }),
    ...fields,
    ...(error !== undefined && { err: error }),
  }
}
