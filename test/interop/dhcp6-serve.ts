// Runs the real DHCPv6 service for interop tests: configuration as JSON in the only argument, events as JSON lines on stdout.

import type { BootAnswer, BootQuestion } from '../../server/dhcp/boot-options.ts'
import { fixedReservations, type Reservation } from '../../server/dhcp/reservations.ts'
import { memoryLeaseStore6 } from '../../server/dhcp6/leases.ts'
import { createDhcp6Service } from '../../server/dhcp6/service.ts'
import type { Subnet6Config } from '../../server/dhcp6/subnets.ts'

export interface Serve6Config {
  mode?: 'stateless' | 'stateful'
  interface: string
  subnets?: Subnet6Config[]
  reservations?: Reservation[]
}

const config = JSON.parse(process.argv[2] ?? '') as Serve6Config

const service = createDhcp6Service({
  mode: config.mode ?? 'stateful',
  interface: config.interface,
  duid: Buffer.from('00030001525400ffffff', 'hex'),
  subnets: config.subnets ?? [],
  reservations: fixedReservations(config.reservations ?? []),
  store: memoryLeaseStore6(),
  bootFileFor: usualBoot,
  dns: ['fd00:77::1'],
  search: ['lab.test'],
  preference: 255,
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

function usualBoot({ wants, serverAddress }: BootQuestion): BootAnswer {
  if (wants === 'script') return { kind: 'script', url: `http://[${serverAddress}]:8080/boot/ipxe` }
  return { kind: 'loader', file: 'snponly.efi', httpUrl: `http://[${serverAddress}]:8080/boot/loaders/snponly.efi` }
}
