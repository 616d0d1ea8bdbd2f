// Builds the demo image, versions 1 and 2, and 1 for machines with arrays, volumes or encryption: a bootable Debian as an OCI image layout, from packages, without a container engine.
//   node test/images/demo-image.ts      prints the layout's folder and the digests
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SOURCE_DATE_EPOCH } from '../../boot-assets/debian/root.ts'
import { buildOnce } from '../../boot-assets/cache.ts'
import { disksLayer, lowerLayer, releaseLayer, upperLayer } from './demo-layers.ts'
import { demoRoot } from './demo-root.ts'
import { expectations } from './expectations.ts'
import { addImage, addLayer, createLayout, readImage } from './layout.ts'
import { tar } from './tar.ts'

export const DEMO_REPOSITORY = 'landfall/demo'

export interface TaggedImage {
  tag: string
  /** Digest of the manifest. */
  digest: string
}

export interface DemoImages {
  /** Folder of the OCI image layout that holds all tags. */
  layout: string
  /** File with the expectations of both versions: `{ "1": Expectation[], "2": Expectation[] }`. */
  expect: string
  v1: TaggedImage
  v2: TaggedImage
  /** Version 1, with an initramfs that finds its root on arrays, volumes and encrypted disks too. */
  disks: TaggedImage
}

/** These sources, besides the packages, shape the image. */
const SOURCES = ['demo-image.ts', 'demo-layers.ts', 'expectations.ts', 'layout.ts', 'tar.ts']

/** Builds the demo images, or finds them in the cache. Needs root the first time. */
export async function buildDemoImages({ log }: { log: (line: string) => void }): Promise<DemoImages> {
  const root = await demoRoot(log)
  const key = [
    root,
    await digestOf(join(root, '../packages')),
    await Promise.all(SOURCES.map((s) => digestOf(new URL(s, import.meta.url)))),
  ]
  const dir = await buildOnce('demo-image', key, (into) => writeDemoImages(root, into, log), {
    onWait: () => log('waiting for another build of the demo image'),
  })
  const layout = join(dir, 'layout')
  const tagged = async (tag: string): Promise<TaggedImage> => ({
    tag,
    digest: (await readImage(layout, tag)).descriptor.digest,
  })
  return {
    layout,
    expect: join(dir, 'expect.json'),
    v1: await tagged('1'),
    v2: await tagged('2'),
    disks: await tagged('disks'),
  }
}

/** Packs the layers from a root of `demoRoot` into `dir`, which gets `layout` and `expect.json`. */
export async function writeDemoImages(root: string, dir: string, log: (line: string) => void): Promise<void> {
  const layout = join(dir, 'layout')
  await createLayout(layout)
  const options = { mtime: SOURCE_DATE_EPOCH }
  log('packing the layers of the demo image')
  const shared = [
    await addLayer(layout, treeTar(root, '.', BASE_EXCLUDES), { compression: 'zstd', createdBy: 'Debian 14' }),
    await addLayer(layout, treeTar(root, './usr/lib/modules', []), { compression: 'gzip', createdBy: 'kernel' }),
    await addLayer(layout, tar(await lowerLayer(root), options), { compression: 'zstd', createdBy: 'lower' }),
    await addLayer(layout, tar(upperLayer(), options), { compression: 'gzip', createdBy: 'upper' }),
  ]
  const release = (version: '1' | '2') =>
    addLayer(layout, tar(releaseLayer(version), options), { compression: 'gzip', createdBy: `release ${version}` })
  const [first, second] = [await release('1'), await release('2')]
  const disks = await addLayer(layout, tar(await disksLayer(root), options), {
    compression: 'none',
    createdBy: 'disks',
  })
  const images = [
    { tag: '1', version: '1', layers: [...shared, first] },
    { tag: '2', version: '2', layers: [...shared, second] },
    { tag: 'disks', version: '1', layers: [...shared, first, disks] },
  ]
  for (const { tag, version, layers } of images) {
    const { digest } = await addImage(layout, {
      repository: DEMO_REPOSITORY,
      tag,
      layers,
      labels: {
        'containers.bootc': '1',
        'ostree.bootable': 'true',
        'org.opencontainers.image.title': 'Landfall demo',
        'org.opencontainers.image.version': version,
      },
      created: SOURCE_DATE_EPOCH + Number(version) * 86_400,
    })
    const [packed, unpacked] = [sum(layers.map((l) => l.descriptor.size)), sum(layers.map((l) => l.unpacked))]
    log(`${DEMO_REPOSITORY}:${tag} ${digest}: ${layers.length} layers, ${packed} bytes, ${unpacked} bytes unpacked`)
  }
  await writeFile(join(dir, 'expect.json'), JSON.stringify({ 1: expectations('1'), 2: expectations('2') }, null, 2))
}

/** Not part of the image: file systems of a running machine, the kernel (a layer of its own), what the build left in /var. */
const BASE_EXCLUDES = [
  ...['dev', 'proc', 'sys', 'run', 'tmp', 'var', 'boot', 'sysroot', 'usr/lib/modules'].map((path) => `./${path}/*`),
  './etc/apt',
]

/** A folder below the root as a tar that depends on nothing but content, modes, owners and attributes. */
async function* treeTar(root: string, path: string, excludes: readonly string[]): AsyncGenerator<Uint8Array> {
  const args = [
    '--create',
    '--file=-',
    `--directory=${root}`,
    '--format=posix',
    '--sort=name',
    `--mtime=@${SOURCE_DATE_EPOCH}`,
    '--numeric-owner',
    '--xattrs',
    '--xattrs-include=*',
    // The default names of PAX headers hold the process id.
    '--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime',
    '--anchored',
    ...excludes.map((pattern) => `--exclude=${pattern}`),
    path,
  ]
  const child = spawn('tar', args, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, LC_ALL: 'C' } })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  yield* child.stdout
  const status = await ended
  if (status !== 0) throw new Error(`packing ${root}/${path}: tar ended with status ${status}`)
}

async function digestOf(file: string | URL): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex')
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, n) => total + n, 0)
}

if (import.meta.main) {
  const images = await buildDemoImages({ log: (line) => console.error(line) })
  console.log(JSON.stringify(images, null, 2))
}
