// The demo image, seen by tools that did not make it: skopeo checks every digest, and the image's own ostree merges the layers
// into the tree that the expectations describe.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildDemoImages, writeDemoImages } from '../images/demo-image.ts'
import type { DemoImages } from '../images/demo-image.ts'
import { demoRoot } from '../images/demo-root.ts'
import { expectationScript } from '../images/expectation-script.ts'
import { expectations } from '../images/expectations.ts'
import type { Expectation } from '../images/expectations.ts'
import { addLargeLayers } from '../images/large-layer.ts'
import { blobPath, copyLayout, readImage } from '../images/layout.ts'
import { corruptFile, tamperLayer } from '../images/tampered.ts'

const MINUTE = 60_000

const blocked = process.getuid?.() === 0 ? undefined : 'building from Debian packages needs root'

describe.skipIf(blocked !== undefined)(`demo image${blocked === undefined ? '' : ` (skipped: ${blocked})`}`, () => {
  let images: DemoImages
  let root: string
  let folder: string

  beforeAll(async () => {
    images = await buildDemoImages({ log: () => {} })
    root = await demoRoot(() => {})
    folder = await mkdtemp(join(tmpdir(), 'image-build-'))
  }, 20 * MINUTE)

  afterAll(async () => {
    if (folder) await rm(folder, { recursive: true, force: true })
  })

  it('has five layers, gzip and zstd, of which the versions share all but the last', async () => {
    const [one, two] = [await readImage(images.layout, '1'), await readImage(images.layout, '2')]
    const [first, second] = [one.manifest.layers, two.manifest.layers]
    expect(first).toHaveLength(5)
    expect(new Set(first.map((layer) => layer.mediaType.split('+')[1]))).toEqual(new Set(['gzip', 'zstd']))
    expect(second.slice(0, -1)).toEqual(first.slice(0, -1))
    expect(second.at(-1)!.digest).not.toBe(first.at(-1)!.digest)
    expect(second.at(-1)!.size).toBeLessThan(4096)
  })

  it('has another initramfs for machines with arrays, volumes and encryption, uncompressed and in a layer of its own', async () => {
    const [plain, disks] = [await readImage(images.layout, '1'), await readImage(images.layout, 'disks')]
    expect(disks.manifest.layers.slice(0, -1)).toEqual(plain.manifest.layers)
    const { digest, mediaType } = disks.manifest.layers.at(-1)!
    expect(mediaType).toBe('application/vnd.oci.image.layer.v1.tar')
    const names = run('tar', '--list', '--file', blobPath(images.layout, digest)).split('\n')
    const initramfs = names.filter((path) => path.endsWith('/initramfs.img'))
    expect(initramfs).toEqual(
      (await listLayer(images.layout, '1', 1))
        .filter((path) => path.endsWith('/initramfs.img'))
        .map((path) => path.replace(/^\.\//, '')),
    )
  })

  it('comes out the same when it is packed again', { timeout: 5 * MINUTE }, async () => {
    const again = join(folder, 'again')
    await mkdir(again)
    await writeDemoImages(root, again, () => {})
    expect((await readImage(join(again, 'layout'), '1')).descriptor.digest).toBe(images.v1.digest)
    expect((await readImage(join(again, 'layout'), '2')).descriptor.digest).toBe(images.v2.digest)
    expect((await readImage(join(again, 'layout'), 'disks')).descriptor.digest).toBe(images.disks.digest)
  })

  it('has a kernel, an initramfs and nothing of the build', async () => {
    const [base, kernel] = [await listLayer(images.layout, '1', 0), await listLayer(images.layout, '1', 1)]
    expect(kernel.filter((path) => /^\.\/usr\/lib\/modules\/[^/]+\/(vmlinuz|initramfs\.img)$/.test(path))).toHaveLength(
      2,
    )
    expect(base.filter((path) => /^\.\/(dev|proc|sys|run|tmp|var|boot|sysroot)\/./.test(path))).toEqual([])
    expect(base.filter((path) => /^\.\/etc\/(hostname|fstab|apt\/|ssh\/ssh_host_)/.test(path))).toEqual([])
  })

  it.skipIf(!has('skopeo'))(
    'is accepted by skopeo, which refuses a tampered copy',
    { timeout: 5 * MINUTE },
    async () => {
      const layout = join(folder, 'copy')
      await copyLayout(images.layout, layout)
      await tamperLayer(layout, '2', 'tampered')
      const copy = (tag: string): string =>
        run('skopeo', 'copy', '--quiet', `oci:${layout}:${tag}`, `dir:${folder}/dir-${tag}`)
      expect(() => copy('1')).not.toThrow()
      expect(() => copy('tampered')).toThrow(/Digest did not match/)
      // The good image next to it is still good, and so is the original.
      expect(() => copy('2')).not.toThrow()
    },
  )

  it('can be made larger than memory without using memory', { timeout: 5 * MINUTE }, async () => {
    const layout = join(folder, 'large')
    await copyLayout(images.layout, layout)
    const before = process.memoryUsage.rss()
    await addLargeLayers(layout, '1', 'large', [{ bytes: 512 * 2 ** 20 }])
    expect(process.memoryUsage.rss() - before).toBeLessThan(256 * 2 ** 20)
    const [plain, large] = [await readImage(layout, '1'), await readImage(layout, 'large')]
    expect(large.manifest.layers.slice(0, -1)).toEqual(plain.manifest.layers)
    expect(large.config.config).toEqual(plain.config.config)
    const unpacked = run('sh', '-c', `zstd -dc < ${blobPath(layout, large.manifest.layers.at(-1)!.digest)} | wc -c`)
    expect(Number(unpacked)).toBeGreaterThan(512 * 2 ** 20)
  })

  it.each(['1', '2'] as const)(
    'version %s, merged by ostree, is what was expected',
    { timeout: 5 * MINUTE },
    async (tag) => {
      const tree = await mergeByOstree(root, images.layout, tag, join(folder, `ostree-${tag}`))
      const facts = expectations(tag).filter(isInCommit)
      const script = expectationScript(facts, { root: tree, etc: 'usr/etc' })
      const check = (): string => spawnSync('sh', ['-c', script], { encoding: 'utf8' }).stdout
      expect(check()).toMatch(/^HELD (\d+) OF \1\n$/)
      // The checks can fail.
      await corruptFile(join(tree, 'usr/share/landfall-demo/version'))
      expect(check()).toMatch(/^usr\/share\/landfall-demo\/version: content: got .*\n/s)
    },
  )
})

/** Not: what an importer leaves out of its commit (a plain `ostree commit` does not), and what the first boot makes. */
function isInCommit(expectation: Expectation): boolean {
  return expectation.kind === 'hardlinks' || !/^(run|tmp|var\/roothome)(\/|$)/.test(expectation.path)
}

/**
 * The public recipe: each layer a commit, checked out one over the other with whiteouts on. Done by the ostree of the image's
 * root in a private mount namespace, because the host's may be too old to turn files into folders. Returns the merged tree.
 */
async function mergeByOstree(root: string, layout: string, tag: string, work: string): Promise<string> {
  await mkdir(work)
  const { manifest } = await readImage(layout, tag)
  const layers = manifest.layers.map((layer, i) => {
    const unpack = layer.mediaType.endsWith('+gzip') ? 'gzip' : 'zstd'
    run('sh', '-c', `${unpack} -dc < ${blobPath(layout, layer.digest)} > ${work}/${i}.tar`)
    return `
      ostree --repo=/tmp/repo commit --branch=layer/${i} --no-bindings --tar-autocreate-parents \
        --tar-pathname-filter='^(\\./)?etc(/|$),usr/etc\\2' --tree=tar=/tmp/${i}.tar
      ostree --repo=/tmp/repo checkout -H --union --whiteouts layer/${i} /tmp/tree`
  })
  const script = ['set -e', 'ostree --repo=/tmp/repo init --mode=bare', ...layers].join('\n')
  const mounts = `mount --bind "$1" "$2/tmp" && mount --bind /proc "$2/proc" && exec chroot "$2" env LC_ALL=C.UTF-8 PATH=/usr/bin sh -c "$3"`
  run('unshare', '--mount', 'sh', '-c', mounts, 'sh', work, root, script)
  return join(work, 'tree')
}

async function listLayer(layout: string, tag: string, index: number): Promise<string[]> {
  const { digest, mediaType } = (await readImage(layout, tag)).manifest.layers[index]!
  const unpack = mediaType.endsWith('+gzip') ? 'gzip' : 'zstd'
  return run('sh', '-c', `${unpack} -dc < ${blobPath(layout, digest)} | tar --list --file=-`).split('\n')
}

function has(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0
}

function run(file: string, ...args: string[]): string {
  return execFileSync(file, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 2 ** 26 })
}
