import { randomBytes } from 'node:crypto'
import { appendFile, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BlobStore } from '../../../server/oci/blob-store.ts'
import { ImageService } from '../../../server/oci/image-service.ts'
import { readManifest } from '../../../server/oci/manifest-facts.ts'
import { OCI_INDEX } from '../../../server/oci/media-types.ts'
import { serve } from '@hono/node-server'
import type { AddressInfo } from 'node:net'
import { digestOf } from '../../../server/oci/verify.ts'
import { fixtureImage, fixtureIndex, layoutFiles, tarOf } from '../../helpers/image-fixtures.ts'
import { registryOver } from '../../helpers/registry.ts'
import { memoryImageRecords } from '../../helpers/image-records.ts'
import { testUpstream } from '../../helpers/upstream.ts'
import { pushImage } from './registry/support.ts'

let folder: string
let blobs: BlobStore
let images: ImageService

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'landfall-images-'))
  blobs = await BlobStore.open(folder)
  images = new ImageService(blobs, memoryImageRecords())
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const ignore = () => {}

async function archiveOf(files: Record<string, Buffer>): Promise<Readable> {
  return Readable.from([await tarOf(files)])
}

describe('import', () => {
  it('stores an image and resolves it for its architecture', async () => {
    const image = await fixtureImage([{ 'usr/a': 'one' }, { 'usr/b': 'two' }])
    const seen: string[] = []
    const [imported] = await images.importArchive(
      await archiveOf(layoutFiles([{ image, name: '1' }])),
      'os/web',
      ({ blob }) => seen.push(blob),
    )
    expect(imported).toMatchObject({ reference: 'os/web:1', digest: image.manifest.digest })
    expect(imported!.platforms[0]).toMatchObject({ architecture: 'amd64', bootable: true })
    expect(seen).toEqual(expect.arrayContaining(image.layers.map(({ digest }) => digest)))
    expect(await images.resolve('os/web:1', 'amd64')).toMatchObject({ digest: image.manifest.digest })
    expect(await images.resolve('os/web:1', 'arm64')).toMatchObject({ code: 'ARCHITECTURE_MISMATCH' })
    expect(await images.resolve('os/web:2', 'amd64')).toMatchObject({ code: 'IMAGE_NOT_FOUND' })
    expect(await images.resolve(`os/web@${image.manifest.digest}`, 'amd64')).toMatchObject({ repository: 'os/web' })
  })

  it('takes gzipped archives and names from the archive itself', async () => {
    const image = await fixtureImage([{ 'usr/a': 'one' }])
    const tar = gzipSync(await tarOf(layoutFiles([{ image, name: 'registry.example:5000/os/web:9' }])))
    const [imported] = await images.importArchive(Readable.from([tar]), undefined, ignore)
    expect(imported!.reference).toBe('os/web:9')
  })

  it('refuses a blob that is not what its name says, and publishes nothing', async () => {
    const image = await fixtureImage([{ 'usr/a': 'one' }])
    const files = layoutFiles([{ image, name: '1' }])
    files[`blobs/sha256/${image.layers[0]!.digest.slice(7)}`] = Buffer.from('not the layer')
    const result = images.importArchive(await archiveOf(files), 'os/web', ignore)
    await expect(result).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' })
    expect(await images.list()).toEqual([])
    expect(await blobs.size(image.layers[0]!.digest)).toBeUndefined()
    expect(await readdir(join(folder, 'incoming'))).toEqual([])
  })

  it('refuses an image of thousands of layers, and publishes nothing', async () => {
    const image = await fixtureImage([{ 'usr/a': 'one' }])
    const manifest = JSON.parse(image.manifest.bytes.toString()) as { layers: object[] }
    const bytes = Buffer.from(JSON.stringify({ ...manifest, layers: Array(10_000).fill(manifest.layers[0]) }))
    const many = { ...image, manifest: { bytes, digest: digestOf(bytes) } }
    const result = images.importArchive(await archiveOf(layoutFiles([{ image: many, name: '1' }])), 'os/web', ignore)
    await expect(result).rejects.toMatchObject({ code: 'TOO_MANY_LAYERS' })
    expect(await images.list()).toEqual([])
  })

  it('does not resolve to a layer that has another size by now', async () => {
    const image = await fixtureImage([{ 'usr/a': 'one' }])
    await images.importArchive(await archiveOf(layoutFiles([{ image, name: '1' }])), 'os/web', ignore)
    await appendFile(blobs.file(image.layers[0]!.digest), 'more')
    expect(await images.resolve('os/web:1', 'amd64')).toMatchObject({ code: 'SIZE_MISMATCH' })
  })

  it.each(['../../outside', 'blobs/sha256/../../../outside', '/../outside'])(
    'refuses an archive with a name that leads out of it: %s',
    async (name) => {
      const image = await fixtureImage([{ 'usr/a': 'one' }])
      const files = { ...layoutFiles([{ image, name: '1' }]), [name]: Buffer.from('x') }
      const result = images.importArchive(await archiveOf(files), 'os/web', ignore)
      await expect(result).rejects.toMatchObject({ code: 'PATH_INVALID' })
      expect(await images.list()).toEqual([])
      expect(await readdir(folder)).toEqual(['blobs', 'incoming'])
    },
  )

  it('refuses an archive that lacks a layer', async () => {
    const image = await fixtureImage([{ 'usr/a': 'one' }])
    const files = layoutFiles([{ image, name: '1' }])
    delete files[`blobs/sha256/${image.layers[0]!.digest.slice(7)}`]
    const result = images.importArchive(await archiveOf(files), 'os/web', ignore)
    await expect(result).rejects.toMatchObject({ code: 'ARCHIVE_INVALID' })
  })

  it.each([
    ['no tar at all', Buffer.from('x'.repeat(2000))],
    ['an empty stream', Buffer.alloc(0)],
  ])('refuses %s', async (_, bytes) => {
    const result = images.importArchive(Readable.from([bytes]), 'os/web:1', ignore)
    await expect(result).rejects.toMatchObject({ code: 'ARCHIVE_INVALID' })
  })

  describe.each([
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ])('of a compressed archive (%s)', (_, compress) => {
    const archiveOfNoise = async () => compress(await tarOf({ noise: randomBytes(100_000) }))

    it('recognises it however the network cuts it', async () => {
      const image = await fixtureImage([{ 'usr/a': 'one' }])
      const archive = compress(await tarOf(layoutFiles([{ image, name: '1' }])))
      const bytes = Array.from(archive, (byte) => Buffer.of(byte))
      expect(await images.importArchive(Readable.from(bytes), 'os/web', ignore)).toMatchObject([{ tag: '1' }])
    })

    // An error that a stream in the middle kept to itself would end the process or never end the import.
    it.each([
      ['that holds no tar', () => compress(randomBytes(10_000))],
      ['that is damaged', (good: Buffer) => good.fill(7, 5000, 6000)],
      ['that ends too early', (good: Buffer) => good.subarray(0, 5000)],
      ['that is a magic number only', (good: Buffer) => good.subarray(0, 4)],
    ])('refuses one %s', async (_, change) => {
      const bytes = change(await archiveOfNoise())
      const result = images.importArchive(Readable.from([bytes]), 'os/web:1', ignore)
      await expect(result).rejects.toMatchObject({ code: 'ARCHIVE_INVALID' })
    })

    it('fails when its sender goes away', async () => {
      const good = await archiveOfNoise()
      const gone = Object.assign(new Error('aborted'), { code: 'ECONNRESET' })
      const broken = Readable.from(
        (async function* () {
          yield good.subarray(0, 5000)
          throw gone
        })(),
      )
      await expect(images.importArchive(broken, 'os/web:1', ignore)).rejects.toMatchObject({ code: 'ARCHIVE_INVALID' })
      const signal = AbortSignal.timeout(20)
      const silent = new Readable({ read() {} })
      silent.push(good.subarray(0, 5000))
      await expect(images.importArchive(silent, 'os/web:1', ignore, signal)).rejects.toMatchObject({ code: 'ABORTED' })
    })
  })

  it('refuses an archive without a name when none is given', async () => {
    const image = await fixtureImage([{ 'usr/a': 'one' }])
    const result = images.importArchive(await archiveOf(layoutFiles([{ image, name: '1' }])), undefined, ignore)
    await expect(result).rejects.toMatchObject({ code: 'REFERENCE_INVALID', hint: expect.stringContaining('--as') })
  })

  it('says when an image is not bootable', async () => {
    const image = await fixtureImage([{ a: '1' }], { bootable: false })
    await images.importArchive(await archiveOf(layoutFiles([{ image, name: '1' }])), 'app', ignore)
    expect(await images.resolve('app:1', 'amd64')).toMatchObject({ code: 'IMAGE_NOT_BOOTABLE' })
  })
})

describe('pull', () => {
  it('copies a multi-architecture image from a registry, only what is missing, and only the asked platforms', async () => {
    const upstreamFolder = await mkdtemp(join(tmpdir(), 'landfall-upstream-'))
    const upstreamBlobs = await BlobStore.open(upstreamFolder)
    const records = memoryImageRecords()
    const amd64 = await fixtureImage([{ 'usr/a': 'shared' }, { 'usr/b': 'x86' }])
    const arm64 = await fixtureImage([{ 'usr/a': 'shared' }, { 'usr/b': 'arm' }], { architecture: 'arm64' })
    const index = fixtureIndex([
      { image: amd64, architecture: 'amd64' },
      { image: arm64, architecture: 'arm64' },
    ])
    for (const image of [amd64, arm64]) {
      for (const { bytes } of [image.manifest, image.config, ...image.layers]) await upstreamBlobs.put(bytes)
    }
    await upstreamBlobs.put(index.bytes)
    const held = { repository: 'os/web', addedAt: new Date(0).toISOString() }
    const manifests = [amd64.manifest, arm64.manifest, index].map(({ bytes, digest }) => ({
      ...readManifest(bytes),
      ...held,
      digest,
    }))
    records.put(manifests, [{ ...held, tag: 'stable', digest: index.digest, mediaType: OCI_INDEX }])
    const upstream = await registryOver(upstreamBlobs, records)
    const server = serve({ fetch: upstream.fetch, hostname: '127.0.0.1', port: 0 })
    await new Promise((resolve) => server.on('listening', resolve))
    const port = (server.address() as AddressInfo).port
    try {
      const progress: number[] = []
      const image = await images.pull(
        { reference: `127.0.0.1:${port}/os/web:stable`, insecure: true, architectures: ['amd64'] },
        ({ bytes, totalBytes }) => progress.push(bytes / totalBytes),
      )
      expect(image).toMatchObject({ reference: 'os/web:stable', digest: index.digest })
      expect(image.platforms.map(({ architecture }) => architecture)).toEqual(['amd64'])
      expect(progress.at(-1)).toBe(1)
      expect(await blobs.size(arm64.layers[1]!.digest)).toBeUndefined()
      await expect(
        images.pull({ reference: `127.0.0.1:${port}/os/web:nope`, insecure: true }, ignore),
      ).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' })
    } finally {
      server.close()
      await rm(upstreamFolder, { recursive: true })
    }
  })

  it('fetches no layer of an image that is not let in, and publishes nothing', async () => {
    const upstream = await testUpstream()
    const image = await pushImage(upstream.registry)
    const reference = `${upstream.host}/os/web:1`
    const seen: unknown[] = []
    const admit = async (...args: unknown[]) => {
      seen.push(args)
      throw new Error('not this one')
    }
    await expect(images.pull({ reference, insecure: true }, ignore, undefined, admit)).rejects.toThrow('not this one')
    expect(seen).toEqual([[image.manifest.digest, [image.manifest.digest]]])
    expect(upstream.requests.filter((request) => request.includes('/blobs/'))).toEqual([])
    expect(await images.list()).toEqual([])
  })

  it('says when nothing answers', async () => {
    const result = images.pull({ reference: '127.0.0.1:1/os/web:1', insecure: true }, ignore)
    await expect(result).rejects.toMatchObject({ code: 'REGISTRY_UNREACHABLE' })
  })
})
