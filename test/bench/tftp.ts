// How fast boot loaders travel, and whether all of them arrive, beside dnsmasq and tftpd-hpa; on the loopback of a namespace.
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { run } from '../e2e/lab/command.ts'
import type { Namespace } from '../e2e/lab/namespace.ts'
import { Netns } from '../interop/netns.ts'
import { unpackedPackages } from './debian-program.ts'
import { median } from './result.ts'
import type { Bench, Measurement } from './result.ts'

const RUNS = Number(process.env['LANDFALL_RUNS'] ?? 5)
const BLKSIZE = 1468
const LOAD = join(import.meta.dirname, 'tftp-load.pl')
const SERVE = join(import.meta.dirname, '../interop/tftp-serve.ts')
/** Server and clients each have a core, where there are two. */
const CORES = availableParallelism() > 1 ? { server: '0', client: '1' } : { server: '0', client: '0' }

/** What is fetched: large enough that starting takes no part in it. */
const FILES = { large: 8_000_000, loader: 1_500_000, small: 100_000 }

interface Scenario {
  metric: string
  file: keyof typeof FILES
  clients: number
  windowsize: number
  /** Of dnsmasq's time; dnsmasq and tftpd-hpa do not know windowsize, and go on without. */
  goal?: number
}

const SCENARIOS: readonly Scenario[] = [
  { metric: 'c1_w1', file: 'large', clients: 1, windowsize: 1, goal: 1.15 },
  { metric: 'c1_w4', file: 'large', clients: 1, windowsize: 4 },
  { metric: 'c1_w16', file: 'large', clients: 1, windowsize: 16, goal: 0.34 },
  { metric: 'c100_w1', file: 'loader', clients: 100, windowsize: 1, goal: 2 },
]
/** Lost in each direction. */
const LOSSES = [0.01, 0.05]

const ADDRESSES = { landfall: '10.77.0.11', dnsmasq: '10.77.0.12', 'tftpd-hpa': '10.77.0.13' } as const
type Server = keyof typeof ADDRESSES
const SERVERS = Object.keys(ADDRESSES) as Server[]

/** What the load client says. */
interface Load {
  seconds: number
  complete: number
  cpu: number
}

type Fetch = (server: Server, file: keyof typeof FILES, clients: number, windowsize: number) => Promise<Load>

export const tftp: Bench = {
  name: 'tftp',
  about: 'seconds of TFTP transfers, one and a hundred at once, and what packet loss does to them',
  async run(say) {
    const folder = await mkdtemp(join(tmpdir(), 'landfall-bench-tftp-'))
    try {
      await using net = new Netns(folder)
      const host = await net.create('bench')
      for (const address of Object.values(ADDRESSES)) await host.ip('address', 'add', `${address}/24`, 'dev', 'lo')
      const fetch = await startServers(net, host, folder)
      return [...(await speeds(fetch, say)), ...(await losses(host, fetch, say))]
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
}

async function speeds(fetch: Fetch, say: (line: string) => void): Promise<Measurement[]> {
  const results: Measurement[] = []
  for (const { metric, file, clients, windowsize, goal } of SCENARIOS) {
    const seconds: Record<Server, number[]> = { landfall: [], dnsmasq: [], 'tftpd-hpa': [] }
    // The first round only warms up.
    for (let round = 0; round <= RUNS; round++) {
      for (const server of SERVERS) {
        const load = await fetch(server, file, clients, windowsize)
        if (load.complete < clients) throw new Error(`${metric}: ${server} completed ${load.complete} of ${clients}`)
        if (round > 0) seconds[server].push(load.seconds)
        const share = Math.round((100 * load.cpu) / load.seconds)
        say(`${metric} round ${round}: ${server} ${load.seconds.toFixed(3)} s, the client was busy for ${share} %`)
      }
    }
    const own = { unit: 'seconds', value: median(seconds.landfall), runs: RUNS }
    const peer = (name: Server) => ({ name, value: median(seconds[name]) })
    results.push({ metric, ...own, peer: peer('dnsmasq'), ...(goal !== undefined && { goal, isRatio: true }) })
    results.push({ metric: `${metric}_vs_tftpd_hpa`, ...own, peer: peer('tftpd-hpa') })
  }
  return results
}

async function losses(host: Namespace, fetch: Fetch, say: (line: string) => void): Promise<Measurement[]> {
  const results: Measurement[] = []
  for (const loss of LOSSES) {
    const drop = ['-p', 'udp', '-m', 'statistic', '--mode', 'random', '--probability', String(loss), '-j', 'DROP']
    await host.exec(['iptables', '-A', 'INPUT', ...drop])
    for (const windowsize of [1, 16]) {
      const [ours, theirs] = [
        await fetch('landfall', 'small', 100, windowsize),
        await fetch('dnsmasq', 'small', 100, windowsize),
      ]
      const metric = `complete_loss${loss * 100}_w${windowsize}`
      say(`${metric}: landfall ${ours.seconds.toFixed(1)} s, dnsmasq ${theirs.seconds.toFixed(1)} s`)
      const peer = { name: 'dnsmasq', value: theirs.complete }
      results.push({ metric, unit: 'transfers', value: ours.complete, runs: 1, goal: 100, isRate: true, peer })
    }
    await host.exec(['iptables', '-D', 'INPUT', ...drop])
  }
  return results
}

/** All three, serving the same files, each on an address of its own. */
async function startServers(net: Netns, host: Namespace, folder: string): Promise<Fetch> {
  const files = join(folder, 'files')
  await mkdir(files)
  const sums: Record<string, string> = {}
  for (const [name, size] of Object.entries(FILES)) {
    const content = randomBytes(size)
    sums[name] = createHash('md5').update(content).digest('hex')
    await writeFile(join(files, name), content)
  }
  const start = (server: Server, argv: string[], env?: NodeJS.ProcessEnv) =>
    net.start(host, server, ['taskset', '-c', CORES.server, ...argv], env && { env })
  const config = JSON.stringify({ address: ADDRESSES.landfall, folder: files, maxTransfersPerClient: 200 })
  start('landfall', [process.execPath, SERVE, config])
  start('dnsmasq', [
    ...'dnsmasq --no-daemon --conf-file=/dev/null --log-facility=/dev/null --user=root --port=0'.split(' '),
    '--enable-tftp',
    `--tftp-root=${files}`,
    '--tftp-max=200',
    '--bind-interfaces',
    `--listen-address=${ADDRESSES.dnsmasq}`,
  ])
  const hpa = await tftpdHpa()
  start('tftpd-hpa', [hpa.program, '-L', '--user', 'root', '--permissive', '--address', `${ADDRESSES['tftpd-hpa']}:69`, '-s', files], hpa.env) // prettier-ignore

  const fetch: Fetch = async (server, file, clients, windowsize) => {
    const client = ['taskset', '-c', CORES.client, 'perl', LOAD]
    const what = [ADDRESSES[server], file, sums[file]!, clients, BLKSIZE, windowsize, 300].map(String)
    const { stdout } = await host.exec([...client, ...what], { timeout: 400_000 })
    return JSON.parse(stdout) as Load
  }
  for (const server of SERVERS) {
    // It repeats its request every second until the server is there.
    const { complete } = await fetch(server, 'small', 1, 1)
    if (complete !== 1) throw new Error(`${server} does not serve: see its log in ${folder}`)
  }
  await sleep(100)
  return fetch
}

async function tftpdHpa(): Promise<{ program: string; env: NodeJS.ProcessEnv }> {
  const root = await unpackedPackages('tftpd-hpa', 'libwrap0')
  const { stdout } = await run(['find', root, '-name', 'libwrap.so.0', '-printf', '%h'])
  return { program: join(root, 'usr/sbin/in.tftpd'), env: { LD_LIBRARY_PATH: stdout } }
}
