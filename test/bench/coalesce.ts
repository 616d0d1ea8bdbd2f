// A hundred clients that want the same image at the same moment, and a line to its registry that could bring it once in that time.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { run } from '../e2e/lab/command.ts'
import { writeTinyImage } from '../images/tiny-image.ts'
import { file } from '../images/tar.ts'
import { startDockerRegistry } from '../interop/docker-registry.ts'
import { serve } from '../interop/serve.ts'
import { watchLine } from '../interop/watched-line.ts'
import type { WatchedLine } from '../interop/watched-line.ts'
import { unpackedPackages } from './debian-program.ts'
import { median } from './result.ts'
import type { Bench, Measurement } from './result.ts'

const RUNS = Number(process.env['LANDFALL_RUNS'] ?? 3)
const CLIENTS = 100
const LOAD = join(import.meta.dirname, 'registry-load.pl')
const LAYERS = 2
const LAYER_BYTES = 8 * 2 ** 20
const LINE_BYTES_PER_SECOND = 4 * 2 ** 20

interface Round {
  /** Of the blob that was fetched most often. */
  fetches: number
  bytes: number
  seconds: number
}

export const coalesce: Bench = {
  name: 'coalesce',
  about: `fetches from upstream when ${CLIENTS} clients ask for the same missing image, and seconds beside those of one client`,
  async run(say) {
    const folder = await mkdtemp(join(tmpdir(), 'landfall-bench-coalesce-'))
    await using stack = new AsyncDisposableStack()
    stack.defer(() => rm(folder, { recursive: true, force: true }))
    const root = await unpackedPackages('docker-registry', 'nginx')
    const upstream = stack.use(
      await startDockerRegistry(join(folder, 'upstream'), [join(root, 'usr/bin/docker-registry')]),
    )
    const line = stack.use(await watchLine(upstream.host, { bytesPerSecond: LINE_BYTES_PER_SECOND }))
    const config = join(folder, 'landfall.toml')
    const table = `[[images.upstreams]]\nregistry = "${line.host}"\nprefix = "up"\ninsecure = true\n`
    await writeFile(config, `[images]\nplainHttp = true\n\n${table}`)
    const landfall = stack.use(await serve(join(folder, 'data'), { flags: ['--config', config] }))

    const rounds = { all: [] as Round[], one: [] as Round[] }
    for (let number = 0; number < RUNS; number++) {
      for (const [name, clients] of [
        ['one', 1],
        ['all', CLIENTS],
      ] as const) {
        const repository = `os/${name}-${number}`
        await pushFreshImage(upstream.host, repository, join(folder, 'layout'))
        const round = await pullAtOnce(landfall.http, line, repository, clients)
        say(`${clients} clients: ${round.seconds.toFixed(2)} s, ${(round.bytes / 2 ** 20).toFixed(1)} MiB from upstream, ${round.fetches} fetches of a blob`) // prettier-ignore
        rounds[name].push(round)
      }
    }
    return measurements(rounds)
  },
}

function measurements({ all, one }: Record<'all' | 'one', Round[]>): Measurement[] {
  const of = (rounds: Round[], key: keyof Round) => rounds.map((round) => round[key])
  const peer = (key: keyof Round) => ({ name: 'one client', value: median(of(one, key)) })
  return [
    { metric: 'upstream_fetches', unit: 'fetches', value: Math.max(...of(all, 'fetches')), runs: RUNS, goal: 1 },
    { metric: 'upstream_bytes', unit: 'bytes', value: median(of(all, 'bytes')), runs: RUNS, peer: peer('bytes') },
    { metric: 'all_clients_seconds', unit: 'seconds', value: median(of(all, 'seconds')), runs: RUNS, peer: peer('seconds') }, // prettier-ignore
  ]
}

/** Bytes that no registry has yet. */
async function pushFreshImage(host: string, repository: string, layout: string): Promise<void> {
  const layers = Array.from({ length: LAYERS }, () => ({
    compression: 'none' as const,
    entries: [file('random', randomBytes(LAYER_BYTES))],
  }))
  await writeTinyImage(layout, { layers })
  const target = `docker://${host}/${repository}:1`
  await run(['skopeo', 'copy', '--quiet', '--preserve-digests', '--dest-tls-verify=false', `oci:${layout}:1`, target])
  await rm(layout, { recursive: true })
}

/** Each client reads the manifest and then every layer. */
async function pullAtOnce(http: string, line: WatchedLine, repository: string, clients: number): Promise<Round> {
  line.requests.length = 0
  line.bytes = 0
  const { host } = new URL(http)
  const base = `/v2/up/${repository}`
  const load = async (...paths: string[]) => {
    const argv = ['perl', LOAD, 'pull', host, String(clients), String(clients), ...paths]
    return (JSON.parse((await run(argv, { timeout: 600_000 })).stdout) as { seconds: number }).seconds
  }
  let seconds = await load(`${base}/manifests/1`)
  const manifest = (await (await fetch(`${http}${base}/manifests/1`)).json()) as { layers: { digest: string }[] }
  for (const { digest } of manifest.layers) seconds += await load(`${base}/blobs/${digest}`)
  const blobs = line.requests.filter((request) => request.startsWith('GET') && request.includes('/blobs/'))
  const fetches = Math.max(
    ...Map.groupBy(blobs, (request) => request)
      .values()
      .map(({ length }) => length),
  )
  return { fetches, bytes: line.bytes, seconds }
}
