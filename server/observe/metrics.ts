// What /metrics shows: counters the listeners raise, gauges asked for at the moment of the scrape.
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from '@prometheus-io/client'

export interface MetricsOptions {
  /** Number of machines per state, asked at every scrape. */
  machinesByState?: () => Readonly<Record<string, number>>
  /** Machines that have fallen silent in the middle of an install. */
  silentMachines?: () => number
  /** Readers of the event stream connected now. */
  eventStreams?: () => number
  version?: string
}

/** Everything that is counted. Listeners hold the one they raise; `text()` is the body of /metrics. */
export interface Metrics {
  dhcpMessages: Counter<'type' | 'outcome'>
  tftpTransfers: Counter<'outcome'>
  tftpBytes: Counter
  httpRequests: Counter<'listener' | 'method' | 'status'>
  httpSeconds: Histogram<'listener'>
  bootScripts: Counter<'decision'>
  bootBytes: Counter
  installs: Counter<'outcome' | 'reason'>
  installSeconds: Histogram
  agentRefusals: Counter<'code'>
  text(): Promise<string>
  contentType: string
  /** All of them, described. */
  registry: Registry
}

/** A registry of its own, so that two servers in one process (tests) do not share counts. */
export function createMetrics({
  machinesByState,
  silentMachines,
  eventStreams,
  version,
}: MetricsOptions = {}): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })

  if (version !== undefined) {
    new Gauge({
      name: 'landfall_build_info',
      help: 'Always 1; the label says which version runs.',
      labelNames: ['version'],
      registers,
    }).set({ version }, 1)
  }
  if (machinesByState) {
    new Gauge({
      name: 'landfall_machines',
      help: 'Machines by state.',
      labelNames: ['state'],
      registers,
      collect() {
        this.reset() // a state nobody is in any more must not keep its last number
        for (const [state, count] of Object.entries(machinesByState())) this.set({ state }, count)
      },
    })
  }
  if (silentMachines) {
    new Gauge({
      name: 'landfall_machines_silent',
      help: 'Machines that have said nothing for a while in the middle of an install.',
      registers,
      collect() {
        this.set(silentMachines())
      },
    })
  }
  if (eventStreams) {
    new Gauge({
      name: 'landfall_event_streams',
      help: 'Readers of /api/v1/events connected now.',
      registers,
      collect() {
        this.set(eventStreams())
      },
    })
  }

  return {
    dhcpMessages: new Counter({
      name: 'landfall_dhcp_messages_total',
      help: 'DHCP and proxyDHCP datagrams by message type and what became of them.',
      labelNames: ['type', 'outcome'],
      registers,
    }),
    tftpTransfers: new Counter({
      name: 'landfall_tftp_transfers_total',
      help: 'TFTP transfers by outcome.',
      labelNames: ['outcome'],
      registers,
    }),
    tftpBytes: new Counter({ name: 'landfall_tftp_sent_bytes_total', help: 'Payload bytes sent by TFTP.', registers }),
    httpRequests: new Counter({
      name: 'landfall_http_requests_total',
      help: 'HTTP requests by listener (boot: plain HTTP, api: HTTPS), method and status.',
      labelNames: ['listener', 'method', 'status'],
      registers,
    }),
    httpSeconds: new Histogram({
      name: 'landfall_http_request_seconds',
      help: 'Time until the response starts; long polls included.',
      labelNames: ['listener'],
      buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 60],
      registers,
    }),
    bootScripts: new Counter({
      name: 'landfall_boot_scripts_total',
      help: 'Boot scripts handed out by decision.',
      labelNames: ['decision'],
      registers,
    }),
    bootBytes: new Counter({
      name: 'landfall_boot_sent_bytes_total',
      help: 'Bytes of loaders, kernels and initramfs sent by HTTP.',
      registers,
    }),
    installs: new Counter({
      name: 'landfall_installs_total',
      help: 'Ended installs by outcome and reason code.',
      labelNames: ['outcome', 'reason'],
      registers,
    }),
    installSeconds: new Histogram({
      name: 'landfall_install_seconds',
      help: 'Time of successful installs from registration to confirmation.',
      buckets: [30, 60, 120, 300, 600, 1200, 3600],
      registers,
    }),
    agentRefusals: new Counter({
      name: 'landfall_agent_refusals_total',
      help: 'Requests of agents refused, by problem code.',
      labelNames: ['code'],
      registers,
    }),
    text: () => registry.metrics(),
    contentType: registry.contentType,
    registry,
  }
}
