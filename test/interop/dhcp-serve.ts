// Runs the real DHCP service for interop tests: configuration as JSON in the only argument, events as JSON lines on stdout.

import { appendFileSync, closeSync, existsSync, fsyncSync, openSync, readFileSync } from 'node:fs'
import type { BootAnswer, BootQuestion } from '../../server/dhcp/boot-options.ts'
import { memoryLeaseStore, type Lease, type LeaseStore } from '../../server/dhcp/leases.ts'
import type { ProbeTimes } from '../../server/dhcp/prober.ts'
import { createDhcpService, type DhcpService } from '../../server/dhcp/service.ts'
import type { SubnetConfig } from '../../server/dhcp/subnets.ts'
import { InheritedSockets } from '../../server/host/inherited-sockets.ts'
import { openStore } from '../../server/store/store.ts'

export interface ServeConfig {
  mode?: 'server' | 'proxy' | 'auto'
  /** `socket` names an inherited socket. */
  links: { interface: string; address?: string; socket?: string }[]
  subnets?: SubnetConfig[]
  conflictCheck?: boolean
  quarantineMs?: number
  probeTimes?: ProbeTimes
  retryMs?: number
  /** Where leases are kept in SQLite, as the product does. */
  database?: string
  /** Where leases outlive the process. */
  leaseFile?: string
  known?: string[]
}

const config = JSON.parse(process.argv[2] ?? '') as ServeConfig
const inherited = InheritedSockets.from(process.env, process.pid)

const service: DhcpService = createDhcpService({
  mode: config.mode ?? 'server',
  links: config.links.map(({ socket, ...link }) => {
    const fd = socket === undefined ? undefined : inherited.take(socket)
    return { ...link, ...(fd !== undefined && { fd }) }
  }),
  subnets: config.subnets ?? [],
  store: leaseStore(config),
  bootFileFor: usualBoot,
  conflictCheck: config.conflictCheck ?? false,
  ...(config.probeTimes && { probeTimes: config.probeTimes }),
  ...(config.retryMs !== undefined && { retryMs: config.retryMs }),
  ...(config.quarantineMs !== undefined && { quarantineMs: config.quarantineMs }),
  isKnownMachine: (mac) => config.known?.includes(mac) ?? false,
  onEvent: (event) => print(event),
})

process.once('SIGTERM', () => void service.stop().then(() => print({ type: 'stopped' })))
try {
  await service.start()
  print({ type: 'serving' })
} catch (error) {
  print({ type: 'failed-to-start', message: error instanceof Error ? error.message : String(error) })
  process.exitCode = 1
  await service.stop()
}

function print(value: object): void {
  const replacer = (_key: string, field: unknown): unknown => (field instanceof Error ? field.message : field)
  process.stdout.write(`${JSON.stringify(value, replacer)}\n`)
}

function usualBoot({ wants, client, serverAddress }: BootQuestion): BootAnswer {
  if (wants === 'script') return { kind: 'script', url: `http://${serverAddress}:8080/boot/ipxe?mac=${client.mac}` }
  const file = client.architecture?.platform === 'x86-bios' ? 'undionly.kpxe' : 'snponly.efi'
  return { kind: 'loader', file, httpUrl: `http://${serverAddress}:8080/boot/loaders/${file}` }
}

function leaseStore({ leaseFile, database }: ServeConfig): LeaseStore {
  if (database !== undefined) return openStore(database).leases
  return leaseFile === undefined ? memoryLeaseStore() : fileLeaseStore(leaseFile)
}

/** One line per lease, the last of an address counts; on disk when `put` returns. */
function fileLeaseStore(path: string): LeaseStore {
  const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : []
  const inner = memoryLeaseStore(lines.map((line) => JSON.parse(line) as Lease))
  const file = openSync(path, 'a')
  process.once('exit', () => closeSync(file))
  return {
    ...inner,
    put(leases) {
      appendFileSync(file, leases.map((lease) => `${JSON.stringify(lease)}\n`).join(''))
      fsyncSync(file)
      inner.put(leases)
    },
  }
}
