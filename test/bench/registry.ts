// How fast blobs go out and come in, beside docker-registry and nginx: the same bytes, the same client, in turns, over loopback.
import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../server/host/free-port.ts'
import { run } from '../e2e/lab/command.ts'
import { startDockerRegistry } from '../interop/docker-registry.ts'
import { unpackedPackages } from './debian-program.ts'
import { median } from './result.ts'
import type { Bench, Measurement } from './result.ts'

const RUNS = Number(process.env['LANDFALL_RUNS'] ?? 5)
/** Only `pull` or only `push`, for whoever works on one of them. */
const PART = process.env['LANDFALL_PART']
const LOAD = join(import.meta.dirname, 'registry-load.pl')
const SERVE = join(import.meta.dirname, '../interop/registry-serve.ts')
/** Server and client each have a core, where there are two; the client then need not be woken. */
const [CORES, PULL] =
  availableParallelism() > 1
    ? [{ server: '0', client: '1' }, 'pull-awake' as const]
    : [{ server: '0', client: '0' }, 'pull' as const]

const BLOB_BYTES = 32 * 2 ** 20
const BLOBS = 8
const GIB = 2 ** 30
/** Of clock ticks, as /proc counts CPU time. */
const TICKS_PER_SECOND = 100

interface Pulls {
  connections: number
  transfers: number
}
const PULLS = {
  c1: { connections: 1, transfers: 32 },
  c8: { connections: 8, transfers: 64 },
  c64: { connections: 64, transfers: 128 },
} satisfies Record<string, Pulls>
const PUSHERS = 4

/** At least 1.5 times as fast as docker-registry, 0.7 times as fast as nginx. */
const GOALS = { docker: 1 / 1.5, nginx: 1 / 0.7 }
const RSS_GOAL = 250e6

/** One server under test. */
interface Target {
  host: string
  pid: number
}
type Targets = Record<'landfall' | 'docker' | 'nginx', Target>
const SERVERS = ['landfall', 'docker', 'nginx'] as const

interface Load {
  seconds: number
  bytes: number
  cpu: number
}

interface Blob {
  digest: string
  file: string
}

export const registry: Bench = {
  name: 'registry',
  about: 'seconds of pulls and pushes, beside docker-registry and nginx, and what they cost',
  async run(say) {
    const folder = await mkdtemp(join(tmpdir(), 'landfall-bench-registry-'))
    await using stack = new AsyncDisposableStack()
    stack.defer(() => rm(folder, { recursive: true, force: true }))
    const blobs = await makeBlobs(join(folder, 'blobs'), BLOBS)
    const targets = await startAll(stack, folder)
    for (const name of ['landfall', 'docker'] as const) await load('push', targets[name], 1, ['bench', ...args(blobs)])
    const results: Measurement[] = []
    if (PART !== 'push') results.push(...(await measurePulls(targets, blobs, say)))
    if (PART !== 'pull') results.push(...(await measurePushes(targets, folder, say)))
    return results
  },
}

async function measurePulls(targets: Targets, blobs: Blob[], say: (line: string) => void): Promise<Measurement[]> {
  const paths = blobs.map(({ digest }) => `/v2/bench/blobs/${digest}`)
  const results: Measurement[] = []
  for (const [metric, { connections, transfers }] of Object.entries(PULLS)) {
    const seconds = { landfall: [] as number[], docker: [] as number[], nginx: [] as number[] }
    const cpu = { landfall: [] as number[], docker: [] as number[], nginx: [] as number[] }
    const rss: number[] = []
    // The first round only warms up.
    for (let round = 0; round <= RUNS; round++) {
      for (const name of SERVERS) {
        const target = targets[name]
        const before = await cpuSeconds(target.pid)
        await writeFile(`/proc/${target.pid}/clear_refs`, '5').catch(() => {})
        const done = await load(PULL, target, connections, [String(transfers), ...paths])
        const used = ((await cpuSeconds(target.pid)) - before) / (done.bytes / GIB)
        const rate = done.bytes / done.seconds / 1e9
        say(`${metric} round ${round}: ${name} ${done.seconds.toFixed(3)} s (${rate.toFixed(2)} GB/s), CPU ${used.toFixed(2)} s/GiB, client busy ${Math.round((100 * done.cpu) / done.seconds)} %`) // prettier-ignore
        if (round === 0) continue
        seconds[name].push(done.seconds)
        cpu[name].push(used)
        if (name === 'landfall') rss.push(await peakMemory(target.pid))
      }
    }
    const own = { unit: 'seconds', value: median(seconds.landfall), runs: RUNS, isRatio: true }
    const peer = (name: 'docker' | 'nginx', called: string) => ({ name: called, value: median(seconds[name]) })
    results.push({ metric: `pull_${metric}_vs_docker_registry`, ...own, peer: peer('docker', 'docker-registry'), goal: GOALS.docker }) // prettier-ignore
    if (metric === 'c8') {
      results.push({ metric: 'pull_c8_vs_nginx', ...own, peer: peer('nginx', 'nginx'), goal: GOALS.nginx })
      const docker = { name: 'docker-registry', value: median(cpu.docker) }
      results.push({ metric: 'cpu_per_gib', unit: 'seconds', value: median(cpu.landfall), runs: RUNS, peer: docker })
    }
    if (metric === 'c64') {
      results.push({ metric: 'rss_bytes_c64', unit: 'bytes', value: median(rss), runs: RUNS, goal: RSS_GOAL })
    }
  }
  return results
}

async function measurePushes(targets: Targets, folder: string, say: (line: string) => void): Promise<Measurement[]> {
  const seconds = { landfall: [] as number[], docker: [] as number[], hashing: [] as number[] }
  const cpu = { landfall: [] as number[], docker: [] as number[] }
  for (let round = 0; round <= RUNS; round++) {
    // New bytes each time: what a registry has already it need not store.
    const fresh = join(folder, `push-${round}`)
    const blobs = await makeBlobs(fresh, BLOBS)
    for (const name of round % 2 === 0 ? (['landfall', 'docker'] as const) : (['docker', 'landfall'] as const)) {
      // What others left to be written must not slow this one down.
      await run(['sync'])
      const before = await cpuSeconds(targets[name].pid)
      const done = await load('push', targets[name], PUSHERS, ['bench', ...args(blobs)])
      const used = ((await cpuSeconds(targets[name].pid)) - before) / (done.bytes / GIB)
      const rate = done.bytes / done.seconds / 1e6
      say(`push round ${round}: ${name} ${done.seconds.toFixed(3)} s (${rate.toFixed(0)} MB/s), CPU ${used.toFixed(2)} s/GiB, client busy ${Math.round((100 * done.cpu) / done.seconds)} %`) // prettier-ignore
      if (round === 0) continue
      seconds[name].push(done.seconds)
      cpu[name].push(used)
    }
    const hashing = await hashSeconds(blobs)
    say(`push round ${round}: hashing alone ${hashing.toFixed(3)} s`)
    if (round > 0) seconds.hashing.push(hashing)
    await rm(fresh, { recursive: true })
  }
  const own = { unit: 'seconds', value: median(seconds.landfall), runs: RUNS, isRatio: true }
  return [
    { metric: 'push_c4_vs_docker_registry', ...own, peer: { name: 'docker-registry', value: median(seconds.docker) }, goal: GOALS.docker }, // prettier-ignore
    {
      metric: 'push_c4_vs_hashing',
      ...own,
      peer: { name: 'SHA-256 of the same bytes', value: median(seconds.hashing) },
    },
    {
      metric: 'push_cpu_per_gib',
      unit: 'seconds',
      value: median(cpu.landfall),
      runs: RUNS,
      peer: { name: 'docker-registry', value: median(cpu.docker) },
    },
  ]
}

/** What no registry can do without, on the server's core: nobody may trust a digest that somebody else computed. */
async function hashSeconds(blobs: readonly Blob[]): Promise<number> {
  const script = `const { createHash } = require('node:crypto'), { readFileSync } = require('node:fs')
    const contents = process.argv.slice(1).map((file) => readFileSync(file))
    const began = performance.now()
    for (const bytes of contents) createHash('sha256').update(bytes).digest()
    console.log((performance.now() - began) / 1000)`
  const files = blobs.map(({ file }) => file)
  const { stdout } = await run(['taskset', '-c', CORES.server, process.execPath, '-e', script, ...files])
  return Number(stdout)
}

async function load(what: typeof PULL | 'push', { host }: Target, connections: number, more: string[]): Promise<Load> {
  const client = ['taskset', '-c', CORES.client, 'perl', LOAD, what, host, String(connections), ...more]
  const { stdout } = await run(client, { timeout: 600_000 })
  return JSON.parse(stdout) as Load
}

async function makeBlobs(folder: string, count: number): Promise<Blob[]> {
  await mkdir(folder)
  const blobs: Blob[] = []
  for (let index = 0; index < count; index++) {
    const bytes = randomBytes(BLOB_BYTES)
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
    const file = join(folder, digest)
    await writeFile(file, bytes)
    blobs.push({ digest, file })
  }
  return blobs
}

function args(blobs: Blob[]): string[] {
  return blobs.map(({ digest, file }) => `${digest}=${file}`)
}

/** All three; nginx serves the files themselves. */
async function startAll(stack: AsyncDisposableStack, folder: string): Promise<Targets> {
  const pinned = ['taskset', '-c', CORES.server] as const
  const root = await unpackedPackages('docker-registry', 'nginx')
  const docker = stack.use(
    await startDockerRegistry(join(folder, 'docker'), [...pinned, join(root, 'usr/bin/docker-registry')]),
  )
  const nginx = await startNginx(stack, folder, [...pinned, join(root, 'usr/sbin/nginx')])
  return { landfall: await startLandfall(stack, folder, pinned), docker, nginx }
}

async function startLandfall(
  stack: AsyncDisposableStack,
  folder: string,
  pinned: readonly [string, ...string[]],
): Promise<Target> {
  const data = join(folder, 'landfall')
  await mkdir(data)
  const [program, ...flags] = pinned
  const child = spawn(program, [...flags, process.execPath, SERVE, JSON.stringify({ folder: data })], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  stack.defer(() => void child.kill())
  const [line] = await Array.fromAsync(child.stdout.take(1) as AsyncIterable<Buffer>)
  const { port } = JSON.parse(String(line)) as { port: number }
  return { host: `127.0.0.1:${port}`, pid: child.pid! }
}

async function startNginx(
  stack: AsyncDisposableStack,
  folder: string,
  argv: readonly [string, ...string[]],
): Promise<Target> {
  const host = `127.0.0.1:${await freePort()}`
  const home = join(folder, 'nginx')
  await mkdir(home)
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  await writeFile(
    join(home, 'nginx.conf'),
    `daemon off; master_process off; pid ${home}/pid; error_log ${home}/error.log;
events { worker_connections 1024; }
http {
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000;
  ${temporary.map((name) => `${name}_temp_path ${home}/${name};`).join(' ')}
  server { listen ${host}; location /v2/bench/blobs/ { alias ${folder}/blobs/; } }
}
`,
  )
  const [program, ...flags] = argv
  const places = ['-c', join(home, 'nginx.conf'), '-e', join(home, 'error.log'), '-p', home]
  const child = spawn(program, [...flags, ...places], { stdio: 'ignore' })
  stack.defer(() => void child.kill())
  for (const deadline = Date.now() + 10_000; ; await sleep(50)) {
    if (await fetch(`http://${host}/`).catch(() => undefined)) return { host, pid: child.pid! }
    if (Date.now() > deadline)
      throw new Error(`nginx does not answer: ${await readFile(join(home, 'error.log'), 'utf8')}`)
  }
}

async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

/** Most bytes resident since the last look. */
async function peakMemory(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)![1]) * 1024
}
