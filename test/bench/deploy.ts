// From the first byte of an image to its deployment on a disk, against unpacking alone and against skopeo with the ostree command line.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { rolldown } from 'rolldown'
import { mkfsCommand } from '../../boot-assets/agent/disk/mkfs.ts'
import { filesystemAt } from '../../boot-assets/agent/disk/target.ts'
import { plan } from '../agent/examples.ts'
import { OstreeCli } from '../agent/ostree/cli.ts'
import { blobPath, readImage } from '../images/layout.ts'
import { benchImage } from './deploy-image.ts'
import type { BenchImage } from './deploy-image.ts'
import { median } from './result.ts'
import type { Bench, Measurement } from './result.ts'

const RUNS = Number(process.env['LANDFALL_RUNS'] ?? 3)
const GIB = 2 ** 30
const ROOT_SIZE = 12 * GIB
const RSS_GOAL = 300e6

type Compression = 'zstd' | 'gzip'

export const deploy: Bench = {
  name: 'deploy',
  about: 'time, memory and writes of an image on its way to a disk, against tar alone and skopeo + ostree (root)',
  async run(say) {
    const folder = await mkdtemp(join(tmpdir(), 'landfall-bench-deploy-'))
    const ostree = await OstreeCli.recent()
    try {
      await bundleAgent(folder)
      const results: Measurement[] = []
      for (const compression of ['zstd', 'gzip'] as const) {
        say(`making an image of 1 GiB in 25 layers, ${compression}`)
        results.push(
          ...(await compare(await benchImage(1.05 * GIB, compression), compression, { folder, ostree, say })),
        )
      }
      say('making an image of 4 GiB')
      const large = await benchImage(4 * GIB, 'zstd')
      const rss = await onDisk(large, folder, async (world) => agent(world))
      results.push({ metric: 'agent_rss_bytes_4g', unit: 'bytes', value: rss.value, runs: 1, goal: RSS_GOAL })
      return results
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
}

interface Tools {
  folder: string
  ostree: OstreeCli
  say: (line: string) => void
}

/** Everything one run needs: fresh file systems on loop devices, and a registry. */
interface World {
  image: BenchImage
  compression: Compression
  url: string
  mountPoint: string
  scratch: string
}

async function compare(image: BenchImage, compression: Compression, tools: Tools): Promise<Measurement[]> {
  const { folder, ostree, say } = tools
  const seconds: Record<'ours' | 'floor' | 'skopeo', number[]> = { ours: [], floor: [], skopeo: [] }
  const [rss, written]: [number[], number[]] = [[], []]
  for (let run = 1; run <= RUNS; run++) {
    say(`${compression}: run ${run} of ${RUNS}`)
    const ours = await onDisk(image, folder, (world) => agent(world), compression)
    seconds.ours.push(ours.seconds)
    rss.push(ours.value)
    written.push(ours.written)
    seconds.floor.push((await onDisk(image, folder, (world) => unpack(world), compression)).seconds)
    if (compression === 'zstd') {
      seconds.skopeo.push((await onDisk(image, folder, (world) => byHand(world, ostree), compression)).seconds)
    }
    say(
      `  ${Object.entries(seconds)
        .map(([who, list]) => `${who} ${list.at(-1)?.toFixed(1) ?? '-'} s`)
        .join(', ')}`,
    )
  }
  const time = { unit: 'seconds', value: median(seconds.ours), runs: RUNS, isRatio: true }
  const floor = { name: `curl | ${compression} -d | tar -x, sync`, value: median(seconds.floor) }
  if (compression === 'gzip') return [{ metric: 'gzip_vs_floor', ...time, peer: floor, goal: 1 }]
  return [
    { metric: 'zstd_vs_floor', ...time, peer: floor, goal: 1.3 },
    {
      metric: 'zstd_vs_skopeo_ostree',
      ...time,
      peer: { name: 'skopeo copy, ostree commit, checkout, deploy', value: median(seconds.skopeo) },
      goal: 1 / 3,
    },
    { metric: 'agent_rss_bytes', unit: 'bytes', value: Math.max(...rss), runs: RUNS, goal: RSS_GOAL },
    {
      metric: 'bytes_written',
      unit: 'bytes',
      value: median(written),
      runs: RUNS,
      peer: { name: 'content of the image', value: image.unpacked },
      goal: 1.1,
      isRatio: true,
    },
  ]
}

/** Runs `work` on fresh file systems; tells its time from the first byte until all is on the disk, and what was written to them in the end. */
async function onDisk(
  image: BenchImage,
  folder: string,
  work: (world: World) => Promise<number>,
  compression: Compression = 'zstd',
): Promise<{ seconds: number; written: number; value: number }> {
  const scratch = await mkdtemp(join(folder, 'run-'))
  const mountPoint = join(scratch, 'target')
  const loops: string[] = []
  const registry = spawn(process.execPath, [resolve(import.meta.dirname, 'deploy-registry.ts'), image.layout], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines = createInterface(registry.stdout)[Symbol.asyncIterator]()
  try {
    // As an install makes and mounts them, unless it is told to make others.
    for (const [path, size] of [
      ['/', ROOT_SIZE],
      ['/boot', GIB],
    ] as const) {
      loops.push(await makeFilesystem(path, size, scratch, join(mountPoint, path)))
    }
    const url = `http://127.0.0.1:${await next(lines)}`
    run('sync')
    const before = await sectorsWritten(loops)
    const value = await work({ image, compression, url, mountPoint, scratch })
    const ended = performance.timeOrigin + performance.now()
    const seconds = (ended - Number(await next(lines))) / 1000
    run('umount', '--recursive', mountPoint)
    return { seconds, written: ((await sectorsWritten(loops)) - before) * 512, value }
  } finally {
    registry.kill()
    if (loops.length > 0) spawnSync('umount', ['--recursive', '--quiet', mountPoint])
    for (const loop of loops) run('losetup', '--detach', loop)
    await rm(scratch, { recursive: true, force: true })
  }
}

/** Makes what a plan has at `path`, and mounts it. Returns its loop device. */
async function makeFilesystem(path: string, size: number, scratch: string, where: string): Promise<string> {
  const disk = join(scratch, `disk${path.replaceAll('/', '-')}.img`)
  await writeFile(disk, '')
  await truncate(disk, size)
  const loop = run('losetup', '--find', '--show', disk).trim()
  const filesystem = filesystemAt(plan(), path)
  run(...mkfsCommand(filesystem, loop, 512))
  await mkdir(where, { recursive: true })
  // Nothing is to be written behind the back of a run.
  const options = filesystem.filesystem === 'ext4' ? 'noatime,noinit_itable' : 'noatime'
  run('mount', '-o', options, loop, where)
  return loop
}

/** Bundles the agent's part as the installer has it, its workers beside it. */
async function bundleAgent(folder: string): Promise<void> {
  const project = resolve(import.meta.dirname, '../..')
  const input = {
    'deploy-agent': join(project, 'test/bench/deploy-agent.ts'),
    'layer-worker': join(project, 'boot-assets/agent/ostree/layer-worker.ts'),
  }
  const bundle = await rolldown({ input, cwd: project, platform: 'node', logLevel: 'warn' })
  await bundle.write({ dir: folder, format: 'esm', entryFileNames: '[name].mjs', chunkFileNames: '[name]-[hash].mjs' })
  await bundle.close()
}

/** What Landfall does. Returns the agent's peak resident set. */
async function agent({ image, url, mountPoint, scratch }: World): Promise<number> {
  const stage = join(scratch, 'stage')
  return Number(
    await script(process.execPath, join(scratch, '../deploy-agent.mjs'), image.layout, url, mountPoint, stage),
  )
}

/** The floor: each layer unpacked after the other, nothing verified. */
async function unpack({ image, compression, url, mountPoint }: World): Promise<number> {
  for (const digest of await digestsOf(image)) {
    const pipe = `curl -sf ${url}/v2/bench/blobs/${digest} | ${compression} -dc | tar -xp --xattrs --xattrs-include='*' -C ${mountPoint}`
    await script('bash', '-o', 'pipefail', '-c', pipe)
  }
  await script('sync', '--file-system', mountPoint, join(mountPoint, 'boot'))
  return 0
}

/** The recipe of ostree-container-deploy 2.7 for plain images. */
async function byHand({ image, compression, url, mountPoint, scratch }: World, ostree: OstreeCli): Promise<number> {
  const copy = join(scratch, 'oci')
  const source = `docker://${url.slice('http://'.length)}/bench:1`
  await script('skopeo', 'copy', '--quiet', '--src-tls-verify=false', '--preserve-digests', source, `oci:${copy}:1`)
  const repo = join(mountPoint, 'ostree/repo')
  ostree.admin(mountPoint, 'init-fs', '--modern', mountPoint)
  const refs = (await digestsOf(image)).map((digest, index) => ({ digest, ref: `layer/${index}` }))
  for (const { digest, ref } of refs) {
    const commit = [
      'commit',
      `--repo=${repo}`,
      '--no-bindings',
      '--tar-autocreate-parents',
      '--tree=tar=/proc/self/fd/0',
    ]
    const command = [...ostree.command, ...commit, `--branch=${ref}`].join(' ')
    await script('bash', '-o', 'pipefail', '-c', `${compression} -dc ${blobPath(copy, digest)} | ${command}`)
  }
  const tree = join(repo, 'tmp/merged')
  for (const { ref } of refs) {
    ostree.run(repo, 'checkout', '-H', '--union', '--force-copy-zerosized', '--whiteouts', ref, tree)
  }
  // All that the filter of 2.4 would have to do for this image.
  run('mkdir', '-p', join(tree, 'usr/etc'))
  run('sh', '-c', `mv ${tree}/etc/* ${tree}/usr/etc/; rmdir ${tree}/etc`)
  const options = ['--branch=image', '--no-bindings', '--parent=none', '--link-checkout-speedup', `--tree=dir=${tree}`]
  ostree.run(repo, 'commit', ...options)
  run('rm', '-rf', tree)
  ostree.admin(mountPoint, 'os-init', 'default')
  ostree.admin(mountPoint, 'deploy', '--os=default', '--no-merge', '--karg-none', '--karg-append=rw', 'image')
  await script('sync', '--file-system', mountPoint, join(mountPoint, 'boot'))
  return 0
}

async function digestsOf({ layout }: BenchImage): Promise<string[]> {
  return (await readImage(layout, '1')).manifest.layers.map(({ digest }) => digest)
}

/** Field 7 of block/stat: sectors of 512 bytes. */
async function sectorsWritten(loops: readonly string[]): Promise<number> {
  let sectors = 0
  for (const loop of loops) {
    const fields = (await readFile(`/sys/block/${basename(loop)}/stat`, 'utf8')).trim().split(/\s+/)
    sectors += Number(fields[6])
  }
  return sectors
}

async function next(lines: AsyncIterator<string, undefined>): Promise<string> {
  const { value } = await lines.next()
  if (value === undefined) throw new Error('the registry ended')
  return value
}

/** Runs a program without holding up this process; what it printed. */
function script(command: string, ...args: string[]): Promise<string> {
  return new Promise((done, reject) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, LC_ALL: 'C.UTF-8' },
    })
    let text = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    child.once('error', reject)
    child.once('close', (code) =>
      code === 0 ? done(text.trim()) : reject(new Error(`${command} ${args.join(' ')} ended with ${code}`)),
    )
  })
}

function run(...[command, ...args]: [string, ...string[]]): string {
  return execFileSync(command, args, { encoding: 'utf8' })
}
