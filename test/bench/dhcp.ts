// How many machines a second obtain an address, against Kea and dnsmasq: the same load, in network namespaces, one server at a time.
//
// The three promise different things. Landfall acknowledges a lease once it is on disk (fdatasync by SQLite, one for a burst of leases). Kea's
// memfile store writes a line for each lease and leaves the rest to the kernel: strace of Kea 2.2.0 under this load shows one write to
// leases.csv for each ACK, a file opened without O_SYNC, and no fsync, fdatasync, msync or sync_file_range at all.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Netns } from '../interop/netns.ts'
import type { DhcpLoad } from './dhcp-load.ts'
import { median } from './result.ts'
import type { Bench, Measurement } from './result.ts'
import { SERVES, serveCommand, startServing } from './server-process.ts'

const ROUNDS = 3
const RUN_MS = 4000
/** A hall that comes back from a power cut. */
const MACHINES_AT_A_TIME = 256
const SERVER = '10.77.0.1'
const RELAY = '10.77.0.2'
const POOL = { from: '10.77.1.0', to: '10.77.254.253' }
const LOAD = join(import.meta.dirname, 'dhcp-load.ts')

interface Contestant {
  name: string
  /** Writes what it needs into `folder`; returns how it is started. Leases go to disk, the log as it is by default to a file. */
  prepare(folder: string): Promise<string[]>
  /** What its log says once it serves. */
  ready: RegExp
}

const landfall: Contestant = {
  name: 'landfall',
  async prepare(folder) {
    const link = ['--dhcp-mode', 'server', '--dhcp-interface', 'lan0', '--dhcp-subnet-cidr', '10.77.0.0/16']
    const pool = ['--dhcp-subnet-pool', `${POOL.from}-${POOL.to}`, '--dhcp-subnet-router', SERVER]
    return [...(await serveCommand()), '--data-dir', join(folder, 'data'), ...link, ...pool]
  },
  ready: SERVES,
}

const kea: Contestant = {
  name: 'kea',
  async prepare(folder) {
    const config = {
      Dhcp4: {
        'interfaces-config': { interfaces: ['lan0'] },
        'lease-database': { type: 'memfile', persist: true, name: join(folder, 'leases.csv') },
        'valid-lifetime': 3600,
        subnet4: [
          {
            id: 1,
            subnet: '10.77.0.0/16',
            pools: [{ pool: `${POOL.from} - ${POOL.to}` }],
            'option-data': [{ name: 'routers', data: SERVER }],
          },
        ],
        loggers: [{ name: 'kea-dhcp4', severity: 'INFO', output_options: [{ output: 'stdout' }] }],
      },
    }
    const file = join(folder, 'kea.json')
    await writeFile(file, JSON.stringify(config))
    return ['env', `KEA_PIDFILE_DIR=${folder}`, `KEA_LOCKFILE_DIR=${folder}`, 'kea-dhcp4', '-c', file]
  },
  ready: /DHCP4_STARTED/,
}

const dnsmasq: Contestant = {
  name: 'dnsmasq',
  async prepare(folder) {
    const files = ['-l', join(folder, 'leases'), '-x', join(folder, 'pid'), '--dhcp-lease-max=65535']
    const pool = ['-F', `${POOL.from},${POOL.to},255.255.0.0,1h`, '-O', `3,${SERVER}`]
    return ['dnsmasq', '-k', '-C', '/dev/null', '-p', '0', '-u', 'root', '-8', '-', '--no-ping', ...files, ...pool]
  },
  ready: /DHCP, IP range/,
}

export const dhcp: Bench = {
  name: 'dhcp',
  about: `DHCP exchanges a second, ${MACHINES_AT_A_TIME} machines at a time, against Kea and dnsmasq (needs root)`,
  async run(say) {
    const folder = await mkdtemp(join(tmpdir(), 'landfall-dhcp-'))
    try {
      const rates = new Map<Contestant, number[]>()
      const slowest: number[] = []
      const keasSlowest: number[] = []
      for (let round = 0; round < ROUNDS; round++) {
        for (const contestant of [landfall, kea, dnsmasq]) {
          const load = await measure(contestant, join(folder, `${contestant.name}-${round}`))
          const rate = load.exchanges / load.seconds
          const p99 = load.p99Ms.toFixed(1)
          say(`${contestant.name}: ${rate.toFixed(0)}/s, p99 ${p99} ms, ${load.repeated} repeated, ${load.twice} twice`)
          rates.set(contestant, [...(rates.get(contestant) ?? []), rate])
          if (contestant === landfall) slowest.push(load.p99Ms)
          if (contestant === kea) keasSlowest.push(load.p99Ms)
        }
      }
      const rate = (contestant: Contestant): number => median(rates.get(contestant)!)
      const against = (peer: Contestant): Measurement => ({
        metric: `dora_per_s_vs_${peer.name}`,
        unit: 'per_s',
        value: rate(landfall),
        runs: ROUNDS,
        isRate: true,
        isRatio: true,
        peer: { name: peer.name, value: rate(peer) },
        ...(peer === kea && { goal: 1 }),
      })
      const p99: Measurement = {
        metric: 'dora_p99_ms',
        unit: 'ms',
        value: median(slowest),
        runs: ROUNDS,
        peer: { name: kea.name, value: median(keasSlowest) },
      }
      return [against(kea), against(dnsmasq), p99]
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
}

async function measure(contestant: Contestant, folder: string): Promise<DhcpLoad> {
  await mkdir(folder, { recursive: true })
  await using net = new Netns(folder)
  const [server, clients] = [await net.create('server'), await net.create('clients')]
  await net.connect(server, { name: 'lan0', address: `${SERVER}/16` }, clients, { address: `${RELAY}/16` })
  const log = join(folder, 'server.log')
  await startServing(net, server, contestant.name, await contestant.prepare(folder), { log, ready: contestant.ready })
  const argv = [process.execPath, LOAD, RELAY, SERVER, String(MACHINES_AT_A_TIME), String(RUN_MS), '1']
  const { stdout } = await clients.exec(argv)
  return JSON.parse(stdout) as DhcpLoad
}
