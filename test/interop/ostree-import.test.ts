// Our import held against the ostree command line: same layers, same commits.
import { execFileSync } from 'node:child_process'
import { lstatSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import fc from 'fast-check'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { checkoutTree } from '../../boot-assets/agent/ostree/checkout.ts'
import { FILTER_DEFAULTS } from '../../boot-assets/agent/ostree/filter.ts'
import { imageLayers } from '../../boot-assets/agent/ostree/image-layers.ts'
import { importImage } from '../../boot-assets/agent/ostree/import-image.ts'
import type { ImportOptions, ImportResult } from '../../boot-assets/agent/ostree/import-image.ts'
import { importLayer } from '../../boot-assets/agent/ostree/import-layer.ts'
import { imageRef, layerRef } from '../../boot-assets/agent/ostree/ref-escape.ts'
import { Repo } from '../../boot-assets/agent/ostree/repo.ts'
import { BlobFetcher } from '../../boot-assets/agent/stream/blob-source.ts'
import type { BlobSource } from '../../boot-assets/agent/stream/blob-source.ts'
import { StreamError } from '../../boot-assets/agent/stream/errors.ts'
import { serveBlobs } from '../agent/ostree/blob-server.ts'
import type { BlobServer } from '../agent/ostree/blob-server.ts'
import { OstreeCli } from '../agent/ostree/cli.ts'
import { makeImage } from '../agent/ostree/image.ts'
import type { TestImage } from '../agent/ostree/image.ts'
import type { Entry } from '../agent/stream/tar-writer.ts'
import { memoryFolder } from '../helpers/memory-folder.ts'

const TARGET = 'docker://registry.example/os/web_server:stable'
const isRoot = process.geteuid?.() === 0

// cap_net_bind_service=ep as the kernel stores it.
const CAPABILITY = Buffer.from('0100000200040000000000000000000000000000', 'hex')

const dir = (path: string, more: Partial<Entry> = {}): Entry => ({ path, type: 'directory', ...more })
const file = (path: string, content: string | Buffer = '', more: Partial<Entry> = {}): Entry => ({
  path,
  content,
  ...more,
})
const link = (path: string, target: string, more: Partial<Entry> = {}): Entry => ({
  path,
  type: 'hardlink',
  target,
  ...more,
})
const symlink = (path: string, target: string, more: Partial<Entry> = {}): Entry => ({
  path,
  type: 'symlink',
  target,
  mode: 0o777,
  ...more,
})

const BASE: Entry[] = [
  dir('./', { mode: 0o755 }),
  dir('./usr/', { mode: 0o755 }),
  dir('./usr/bin/'),
  file('./usr/bin/su', 'setuid', { mode: 0o4755 }),
  file('./usr/bin/wall', 'setgid', { mode: 0o2755, gid: 5 }),
  file('./usr/bin/ping', 'capable', { mode: 0o755, xattrs: { 'security.capability': CAPABILITY } }),
  file('./usr/bin/two', 'attributes', {
    uid: 7,
    xattrs: { 'user.zeta': Buffer.from([0, 10, 255]), 'user.alpha': Buffer.from('a') },
  }),
  file('./usr/bin/empty', '', { mode: 0o600 }),
  file('./usr/bin/large', Buffer.alloc(3_000_001, 'large'), { mode: 0o755 }),
  symlink('./usr/bin/sh', 'su', { uid: 3 }),
  dir('./usr/lib/', { mode: 0o750, uid: 11, gid: 12 }),
  link('./usr/lib/su-again', './usr/bin/su'),
  link('./usr/lib/sh-again', './usr/bin/sh'),
  file(`./usr/lib/${'long'.repeat(50)}`, 'long name'),
  file(`./usr/lib/${'deep/'.repeat(40)}file`, 'long path'),
  file('./usr/lib/größe-日本-𝒳', 'not ASCII'),
  file('./usr/lib/\uffee', 'sorts before the next by UTF-8, after it by UTF-16'),
  file('./usr/lib/😀', 'astral'),
  symlink('./usr/lib/lang', '日本'.repeat(40)),
  dir('./etc/', { mode: 0o755 }),
  file('./etc/passwd', 'root'),
  link('./etc/passwd-', './etc/passwd'),
  file('./etc/hostname', ''),
  file('./etc/resolv.conf', 'nameserver 192.0.2.1'),
  dir('./var/'),
  dir('./var/lib/', { mode: 0o1777 }),
  file('./var/lib/state', 'kept'),
  dir('./run/'),
  dir('./run/lock/'),
  file('./run/lock/dropped', 'x'),
  dir('./dev/'),
  { path: './dev/null', type: 'device' },
  dir('./opt/with/missing/parents/', { uid: 21, gid: 22, mode: 0o700 }),
  file('./srv/a/b/c', 'missing parents too', { uid: 31, gid: 32 }),
  file('./usr/bin/twice', 'first'),
  file('./usr/bin/twice', 'second', { mode: 0o700 }),
  dir('./usr/share/gone/'),
  file('./usr/share/gone/a', 'a'),
  dir('./usr/share/opaque/', { mode: 0o711, uid: 1 }),
  file('./usr/share/opaque/lower', 'hidden'),
  dir('./usr/share/opaque/sub/'),
  file('./usr/share/opaque/sub/deep', 'hidden too'),
  dir('./usr/share/attributed/', { xattrs: { 'user.note': Buffer.from('directory') } }),
]

const UPPER: Entry[] = [
  dir('usr/', { mode: 0o700, uid: 99 }),
  file('usr/bin/.wh.wall', ''),
  file('usr/share/.wh.gone', ''),
  dir('usr/share/opaque/', { mode: 0o750, uid: 2 }),
  file('usr/share/opaque/.wh..wh..opq', ''),
  file('usr/share/opaque/upper', 'seen'),
  file('usr/bin/.wh.never-there', ''),
  file('etc/added', 'new'),
  file('etc/.wh.passwd-', ''),
  dir('usr/bin/twice-too/'),
]

const REPLACING: Entry[] = [
  dir('usr/bin/su/', { mode: 0o700 }),
  file('usr/bin/su/now-a-directory', 'x'),
  file('usr/share/opaque', 'now a file'),
  symlink('usr/lib/deep', '../bin'),
  dir('usr/bin/sh/'),
  file('usr/bin/-dash', 'x'),
  file('usr/bin/.wh.-dash', ''),
]

describe.skipIf(!isRoot)('importing into an OSTree repository (needs root)', () => {
  let cli: OstreeCli
  let folder: string
  const servers: BlobServer[] = []

  beforeAll(async () => {
    cli = await OstreeCli.recent()
  }, 600_000)
  beforeEach(() => {
    folder = memoryFolder('ostree-import-')
  })
  afterEach(async () => {
    for (const server of servers.splice(0)) await server[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })

  async function serve(image: TestImage): Promise<BlobServer> {
    const server = await serveBlobs(image.blobs)
    servers.push(server)
    return server
  }

  function options(image: TestImage, server: BlobServer, repo: Repo): ImportOptions {
    const { manifest, config, manifestDigest } = image
    return {
      repo,
      manifest,
      config,
      manifestDigest,
      targetImage: TARGET,
      locate: ({ digest }) => server.source(digest),
      concurrency: 2,
    }
  }

  async function importEntries(
    layers: Entry[][],
  ): Promise<{ repo: Repo; image: TestImage; server: BlobServer; result: ImportResult }> {
    const image = makeImage(layers)
    const server = await serve(image)
    const repo = Repo.init(join(folder, 'repo'))
    return { repo, image, server, result: await imported(options(image, server, repo)) }
  }

  function expectSame(layers: Entry[][], image: TestImage, result: ImportResult): void {
    const peer = cli.importEntries(folder, layers, image)
    expect(result.layerCommits).toEqual(peer.layers)
    expect(result.mergeCommit).toBe(peer.merge)
  }

  function refs(repo: Repo): Record<string, string> {
    const names = cli.run(repo.path, 'refs').split('\n').toSorted()
    return Object.fromEntries(names.map((ref) => [ref, cli.run(repo.path, 'rev-parse', ref)]))
  }

  it('makes the commits the command line makes', async () => {
    const layers = [BASE, UPPER, []]
    const { image, result, repo } = await importEntries(layers)
    expectSame(layers, image, result)
    cli.run(repo.path, 'fsck')
  })

  it('turns files into directories and back, as libostree since 2024.5', async () => {
    const layers = [BASE, UPPER, REPLACING]
    const { image, result, repo } = await importEntries(layers)
    expectSame(layers, image, result)
    cli.run(repo.path, 'fsck')
  })

  it('leaves repository, refs and metadata as specified', async () => {
    const { repo, image, result } = await importEntries([BASE, UPPER])
    expect(readFileSync(join(repo.path, 'config'), 'utf8')).toBe(
      '[core]\nrepo_version=1\nmode=bare\n\n[sysroot]\nbootloader=none\nbootprefix=true\nreadonly=true\n',
    )
    expect(refs(repo)).toEqual({
      ...Object.fromEntries(image.manifest.layers.map(({ digest }, i) => [layerRef(digest), result.layerCommits[i]])),
      [imageRef(TARGET)]: result.mergeCommit,
    })
    expect(readdirSync(join(repo.path, 'tmp'))).toEqual(['cache'])
    expect(readdirSync(join(repo.path, 'state'))).toEqual([])
    const meta = (key: string): string => cli.run(repo.path, 'show', `--print-metadata-key=${key}`, result.mergeCommit)
    expect(meta('ostree.manifest-digest')).toBe(`'${image.manifestDigest}'`)
    expect(meta('ostree.manifest')).toContain(image.manifest.layers[1]!.digest)
    const list = cli.run(repo.path, 'ls', '-R', result.mergeCommit)
    expect(list).not.toMatch(/\.wh\.| \/etc\b| \/run\/|hostname/)
    expect(cli.run(repo.path, 'ls', '-X', result.mergeCommit, '/usr/bin/ping')).toContain('security.capability')
    cli.run(repo.path, 'prune', '--refs-only', '--depth=0')
    cli.run(repo.path, 'fsck')
    expect(result.dropped).toEqual({ run: 2, dev: 1 })
  })

  it('fetches nothing and writes nothing the second time, and only the new layer of a child image', async () => {
    const first = await importEntries([BASE, UPPER])
    const objects = (): string[] => readdirSync(join(first.repo.path, 'objects'), { recursive: true }) as string[]
    const before = objects()
    first.server.requests.length = 0
    const again = await imported(options(first.image, first.server, first.repo))
    expect(again.mergeCommit).toBe(first.result.mergeCommit)
    expect([first.result.addedToOthers, again.addedToOthers]).toEqual([false, true])
    expect(first.server.requests).toEqual([])
    expect(objects()).toEqual(before)
    const child = makeImage([BASE, UPPER, [file('usr/child', 'c')]])
    const server = await serve(child)
    await imported(options(child, server, first.repo))
    expect(server.requests.map(({ digest }) => digest)).toEqual([child.manifest.layers[2]!.digest])
  })

  it('checks out the files that are wanted, and the folders they are in', async () => {
    const { repo, result } = await importEntries([
      [file('usr/bin/a', 'a'), file('usr/bin/b', 'b'), dir('usr/bin/empty'), file('usr/lib/deep/c', 'c'), dir('var')],
    ])
    const out = join(folder, 'wanted')
    checkoutTree(repo, result.mergeCommit, out, (path) => ['usr/bin/a', 'usr/lib/deep/c'].includes(path))
    const paths = readdirSync(out, { recursive: true }) as string[]
    expect(paths.toSorted()).toEqual(['usr', 'usr/bin', 'usr/bin/a', 'usr/lib', 'usr/lib/deep', 'usr/lib/deep/c'])
  })

  it('checks out the merged tree as the command line does', async () => {
    const { repo, result } = await importEntries([BASE, UPPER, REPLACING])
    const [ours, theirs] = [join(folder, 'ours'), join(folder, 'theirs')]
    checkoutTree(repo, result.mergeCommit, ours)
    cli.run(repo.path, 'checkout', '-H', '--force-copy-zerosized', result.mergeCommit, theirs)
    const describeTree = (root: string): string =>
      execFileSync('find', ['.', '-printf', '%P %M %U:%G %s %T@ %l\\n'], { cwd: root, encoding: 'utf8' })
        .split('\n')
        // Sizes of directories are the file system's; times of empty files, which are copies, the command line leaves as they come.
        .map((line) => line.replace(/^(.*) (d\S+ \S+) \d+ /, '$1 $2 ').replace(/ 0 \d+\.\d+ $/, ' 0 '))
        .toSorted()
        .join('\n')
    const attributes = (root: string): string =>
      execFileSync('getfattr', ['-R', '-h', '-d', '-m', '-', '-e', 'hex', '.'], { cwd: root, encoding: 'utf8' })
    expect(describeTree(ours)).toBe(describeTree(theirs))
    expect(attributes(ours)).toBe(attributes(theirs))
    expect(attributes(ours)).toContain(`security.capability=0x${CAPABILITY.toString('hex')}`)
    expect(lstatSync(join(ours, 'usr/bin/ping')).ino).toBe(lstatSync(join(theirs, 'usr/bin/ping')).ino)
    expect(lstatSync(join(ours, 'usr/bin/empty')).nlink).toBe(1)
    cli.run(repo.path, 'fsck')
  })

  it('resumes a broken connection at the next byte', async () => {
    const image = makeImage([[file('usr/random', pseudoRandom(2_000_000))]])
    const server = await serve(image)
    const starts: number[] = []
    server.interfere = (_, request, response, body) => {
      const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
      starts.push(start)
      if (starts.length > 3) return false
      response.writeHead(request.headers.range === undefined ? 200 : 206, {
        'content-length': body.length - start,
        'content-range': `bytes ${start}-${body.length - 1}/${body.length}`,
      })
      response.write(body.subarray(start, start + 300_000), () => setTimeout(() => response.destroy(), 50))
      return true
    }
    const repo = Repo.init(join(folder, 'repo'))
    await imported(options(image, server, repo))
    // What was in flight when a connection broke is asked for again, nothing before it.
    expect(starts).toHaveLength(4)
    for (const [index, start] of starts.slice(1).entries()) expect(start).toBeGreaterThan(starts[index]!)
  })

  it('goes on where an import ended, with what is still right', async () => {
    const layers = [BASE, [file('usr/second', 'whole', { xattrs: { 'user.note': Buffer.from('n') } })], UPPER]
    const image = makeImage(layers)
    const server = await serve(image)
    const digests = image.manifest.layers.map(({ digest }) => digest)
    server.interfere = (digest, _, response) => {
      // The smallest layer, which is the last to be fetched.
      if (digest === digests[1]) response.writeHead(404).end()
      return digest === digests[1]
    }
    const repo = Repo.init(join(folder, 'repo'))
    await expect(imported({ ...options(image, server, repo), concurrency: 1 })).rejects.toThrow(/404/)
    expect(cli.run(repo.path, 'refs')).toBe('')
    // As after a power cut: one file of the first layer is shorter than it was.
    const [large] = repo.objects().filter(({ sum, kind }) => kind === 'file' && repo.statFile(sum).size > 1_000_000)
    truncateSync(repo.objectPath(large!.sum, 'file'), 1000)
    server.interfere = () => false
    server.requests.length = 0
    const result = await imported(options(image, server, repo))
    expect(server.requests.map(({ digest }) => digest).toSorted()).toEqual([digests[0]!, digests[1]!].toSorted())
    expectSame(layers, image, result)
    cli.run(repo.path, 'fsck')
    expect(readdirSync(join(repo.path, 'state'))).toEqual([])
  })

  it('believes nothing of an import whose last flush failed', async () => {
    const layers = [BASE, UPPER]
    const image = makeImage(layers)
    const server = await serve(image)
    const repo = Repo.init(join(folder, 'repo'))
    const flush = repo.sync.bind(repo)
    repo.sync = () => Promise.reject(new Error('the disk is broken'))
    const { flushed } = await importImage(options(image, server, repo))
    await expect(flushed).rejects.toThrow('the disk is broken')
    repo.sync = flush
    // What a name leads to is not what was written.
    const [large] = repo.objects().filter(({ sum, kind }) => kind === 'file' && repo.statFile(sum).size > 1_000_000)
    truncateSync(repo.objectPath(large!.sum, 'file'), 1000)
    server.requests.length = 0
    expectSame(layers, image, await imported(options(image, server, repo)))
    expect(server.requests.map(({ digest }) => digest)).toEqual([image.manifest.layers[0]!.digest])
    cli.run(repo.path, 'fsck')
  })

  it.each([
    ['flipped in the middle', 'DIGEST_MISMATCH', (blob: Buffer) => flip(blob, blob.length >> 1)],
    ['flipped in the header', 'DIGEST_MISMATCH', (blob: Buffer) => flip(blob, 0)],
    ['followed by more', 'SIZE_MISMATCH', (blob: Buffer) => Buffer.concat([blob, Buffer.alloc(9)])],
  ] as const)('stops at a layer with a byte %s', async (_, code, damage) => {
    const image = makeImage([BASE, [file('usr/random', pseudoRandom(500_000))]])
    const { digest } = image.manifest.layers[1]!
    image.blobs.set(digest, damage(image.blobs.get(digest)!))
    const repo = Repo.init(join(folder, 'repo'))
    await expect(imported(options(image, await serve(image), repo))).rejects.toThrowWithCode(StreamError, code)
    expect(cli.run(repo.path, 'refs')).toBe('')
    expect(readdirSync(join(repo.path, 'tmp'))).toEqual(['cache'])
  })

  it('fetches a layer again, from the server, that a cache has wrong', async () => {
    const image = makeImage([BASE, UPPER])
    const right = await serve(image)
    const blobs = new Map([...image.blobs].map(([digest, blob]) => [digest, flip(blob, blob.length >> 1)]))
    const wrong = await serve({ ...image, blobs })
    const repo = Repo.init(join(folder, 'repo'))
    const from = options(image, right, repo)
    const cacheOf = ({ urls, ca }: BlobSource) => ({ url: urls[0]!, ca: ca! })
    const locate: ImportOptions['locate'] = (layer) => ({
      ...from.locate(layer),
      caches: [cacheOf(options(image, wrong, repo).locate(layer))],
    })
    const result = await imported({ ...from, locate })
    expectSame([BASE, UPPER], image, result)
    expect(wrong.requests.length).toBeGreaterThanOrEqual(2)
    cli.run(repo.path, 'fsck')
  })

  it('stops at a layer that is not what the configuration promised', async () => {
    const image = makeImage([BASE])
    image.config.rootfs.diff_ids[0] = `sha256:${'0'.repeat(64)}`
    const repo = Repo.init(join(folder, 'repo'))
    await expect(imported(options(image, await serve(image), repo))).rejects.toThrowWithCode(
      StreamError,
      'DIFFID_MISMATCH',
    )
  })

  it('stays verifiable, and keeps names as they are, where the command line does not', async () => {
    const decomposed = 'usr/e\u0301'
    const { repo, result } = await importEntries([
      [
        file(decomposed, 'name in NFD'),
        symlink('usr/odd-mode', 'x', { mode: 0o644 }),
        file('usr/empty-attribute', 'x', { xattrs: { 'user.empty': Buffer.alloc(0) } }),
      ],
    ])
    cli.run(repo.path, 'fsck')
    expect(cli.run(repo.path, 'ls', '-R', result.mergeCommit)).toContain(`/${decomposed}`)
  })

  it('makes the same commits as the command line from two hundred random stacks of layers', async () => {
    // One repository for all of them: a layer that came before is found again, as on a machine that is upgraded.
    const repo = Repo.init(join(folder, 'repo'))
    // What takes time is starting things: hence no server, no threads, and one repository for the command line as well.
    const peerRepo = cli.init(join(folder, 'peer'))
    const fetcher = new BlobFetcher()
    const importHere = async (image: TestImage): Promise<ImportResult> => {
      const { manifest, config, manifestDigest, blobs } = image
      for (const [digest, blob] of blobs) writeFileSync(join(folder, digest), blob)
      const locate: ImportOptions['locate'] = ({ digest }) => ({ urls: [String(pathToFileURL(join(folder, digest)))] })
      for (const { descriptor, diffId, role } of imageLayers(manifest, config)) {
        if (repo.resolveRef(layerRef(descriptor.digest)) !== null) continue
        const filter = { ...FILTER_DEFAULTS, allowNonUsr: true }
        const job = { ...descriptor, diffId, isVouchedFor: false, role, source: locate(descriptor), filter }
        repo.setRef(layerRef(descriptor.digest), (await importLayer(repo, job, fetcher, () => {})).commit)
      }
      return imported({ repo, manifest, config, manifestDigest, targetImage: TARGET, locate })
    }
    await fc.assert(
      fc.asyncProperty(fc.array(arbitraryLayer, { minLength: 1, maxLength: 4 }), async (layers) => {
        const image = makeImage(layers)
        let peer: ReturnType<OstreeCli['importEntries']>
        try {
          peer = cli.importEntries(folder, layers, image, { repo: peerRepo })
        } catch (error) {
          // A layer the command line refuses must be refused here too.
          expect(String(error)).toMatch(/Can't replace|No such file|Not a directory|Expected hardlink/)
          await expect(importHere(image)).rejects.toThrow()
          return
        }
        const result = await importHere(image)
        expect(result.layerCommits).toEqual(peer.layers)
        expect(result.mergeCommit).toBe(peer.merge)
      }),
      { numRuns: Number(process.env['LANDFALL_RUNS'] ?? 200) },
    )
    cli.run(repo.path, 'fsck', '--quiet')
  }, 1_800_000)
})

// Few names, so that layers meet often.
const name = fc.constantFrom('a', 'b', 'c', 'é')
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => `usr/${parts.join('/')}`)
const owner = fc.record({ uid: fc.constantFrom(0, 0, 5), gid: fc.constantFrom(0, 7) })
const arbitraryEntry: fc.Arbitrary<Entry> = fc.oneof(
  fc
    .tuple(path, fc.constantFrom('', 'x', 'y'), owner, fc.constantFrom(0o644, 0o4755))
    .map(([p, content, who, mode]) => file(p, content, { ...who, mode })),
  fc.tuple(path, owner, fc.constantFrom(0o755, 0o700, 0o1777)).map(([p, who, mode]) => dir(p, { ...who, mode })),
  path.map((p) => symlink(p, 'target')),
  path.map((p) => file(p.replace(/[^/]+$/, '.wh.$&'), '')),
  path.map((p) => file(p.replace(/[^/]+$/, '.wh..wh..opq'), '')),
)
/** Layers as tools make them: a path has one type, though it may come twice. */
const arbitraryLayer: fc.Arbitrary<Entry[]> = fc.array(arbitraryEntry, { maxLength: 12 }).map((entries) => {
  const files = entries.filter(({ type }) => type !== 'directory')
  const kept = entries.filter((entry) => entry.type !== 'directory' || !files.some(({ path: p }) => p === entry.path))
  const parents = new Set(kept.flatMap(({ path: p }) => p.split('/').map((_, i, parts) => parts.slice(0, i).join('/'))))
  const sound = kept.filter(({ path: p, type }) => type === 'directory' || !parents.has(p))
  const first = sound.find(({ type }) => type === undefined)
  return first === undefined
    ? sound
    : [...sound, link('usr/linked-1', first.path), link('usr/q/linked-2', first.path, { uid: 9 })]
})

/** Imports an image, until it is on the disk. */
async function imported(options: ImportOptions): Promise<ImportResult> {
  const result = await importImage(options)
  await result.flushed
  return result
}

function flip(blob: Buffer, at: number): Buffer {
  const copy = Buffer.from(blob)
  copy[at] = copy[at]! ^ 0xff
  return copy
}

/** Bytes that don't compress, the same each time. */
function pseudoRandom(length: number): Buffer {
  let state = 1
  return Buffer.from(Array.from({ length }, () => (state = (state * 48271) % 2147483647) & 0xff))
}
