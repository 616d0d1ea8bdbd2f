import { mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { LayerFacts } from '../../../server/contract/layer-facts.ts'
import { LayerReading } from '../../../server/inspect/layer-reading.ts'
import { LayerThread } from '../../../server/inspect/layer-thread.ts'
import type { FileJob } from '../../../server/inspect/layer-worker.ts'
import { BlobStore } from '../../../server/oci/blob-store.ts'
import { ImageService } from '../../../server/oci/image-service.ts'
import { openStore } from '../../../server/store/store.ts'
import type { Store } from '../../../server/store/store.ts'
import { fixtureImage, layoutFiles, tarOf } from '../../helpers/image-fixtures.ts'
import type { FixtureImage } from '../../helpers/image-fixtures.ts'

let folder: string
let blobs: BlobStore
let store: Store
let images: ImageService
let readings: LayerReading[]
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'landfall-reading-'))
  blobs = await BlobStore.open(join(folder, 'oci'))
  store = openStore(':memory:')
  images = new ImageService(blobs, store.images)
  readings = []
})
afterEach(async () => {
  await Promise.all(readings.map((reading) => reading.stop()))
  store.close()
  await rm(folder, { recursive: true })
})

/** Reads in its own thread, and writes down which files. */
function started({
  thread = new LayerThread(),
  maxLayerBytes = 2 ** 30,
}: { thread?: Thread; maxLayerBytes?: number } = {}) {
  const read: string[] = []
  const failures: unknown[] = []
  const reading = new LayerReading({
    records: store.layers,
    blobs,
    folder: join(folder, 'reading'),
    maxLayerBytes,
    thread: {
      read: (job, onBytes) => (read.push(job.digest), thread.read(job, onBytes)),
      end: () => thread.end(),
    },
    onFailure: (_, error) => failures.push(error),
  })
  store.images.watchBlobs(() => reading.wake())
  readings.push(reading)
  reading.start()
  return { reading, read, failures }
}

interface Thread {
  read(job: FileJob, onBytes: (bytes: number) => void): Promise<LayerFacts>
  end(): Promise<void>
}

async function bring(image: FixtureImage, name = 'os/web:1') {
  const archive = await tarOf(layoutFiles([{ image, name: 'x' }]))
  await images.importArchive(Readable.from([archive]), name, () => {})
  return image.manifest
}

async function verdictOf(reading: LayerReading, image: { digest: string }) {
  for (;;) {
    const news = reading.settled()
    const verdict = await reading.check(image)
    if (verdict.state !== 'reading') return verdict
    await news
  }
}

describe('reading layers', () => {
  it('reads what comes in, in a thread, and remembers it', async () => {
    const { reading } = started()
    const image = await fixtureImage([{ 'usr/lib/os-release': 'ID=x\n' }, { 'usr/b': 'two' }])
    const manifest = await bring(image)
    const read = image.layers.map(({ digest }) => digest)
    expect(await verdictOf(reading, manifest)).toEqual({ state: 'read', layers: read })
    const { layers, progress } = await reading.image(manifest.digest)
    expect(progress).toBeNull()
    expect(layers.get(image.layers[0]!.digest)).toMatchObject({
      diffId: image.layers[0]!.diffId,
      kept: [{ path: 'usr/lib/os-release', text: 'ID=x\n' }],
    })
  })

  it('reads a layer of several images once, and none again after a restart', async () => {
    const base = { 'usr/lib/os-release': 'ID=x\n' }
    const { reading, read } = started()
    const one = await bring(await fixtureImage([base, { 'usr/a': 'a' }]), 'os/one:1')
    await verdictOf(reading, one)
    const two = await bring(await fixtureImage([base, { 'usr/b': 'b' }]), 'os/two:1')
    await verdictOf(reading, two)
    await expect.poll(() => store.layers.unreadBlobs(1), { timeout: 30_000 }).toEqual([])
    expect(new Set(read).size).toBe(read.length)
    const again = started()
    expect(await again.reading.check(two)).toMatchObject({ state: 'read' })
    expect(again.read).toEqual([])
  })

  it('goes on after a restart with what it had not read', async () => {
    const image = await fixtureImage([{ 'usr/a': 'a' }, { 'usr/b': 'b' }])
    await bring(image)
    const stuck: Thread = { read: () => new Promise(() => {}), end: () => Promise.resolve() }
    const first = started({ thread: stuck })
    expect(await first.reading.check(image.manifest)).toEqual({ state: 'reading', layers: 0, totalLayers: 2 })
    const { reading } = started()
    expect(await verdictOf(reading, image.manifest)).toMatchObject({ state: 'read' })
    readings.shift()
  })

  it('tells how far it has come', async () => {
    const image = await fixtureImage([{ 'usr/a': 'a' }, { 'usr/b': 'b' }])
    let current: ((bytes: number) => void) | undefined
    const stuck: Thread = {
      read: (_, onBytes) => ((current = onBytes), new Promise(() => {})),
      end: () => Promise.resolve(),
    }
    const { reading } = started({ thread: stuck })
    await bring(image)
    await reading.image(image.manifest.digest)
    const totalBytes = image.layers.reduce((sum, { bytes }) => sum + bytes.length, 0)
    expect((await reading.image(image.manifest.digest)).progress).toMatchObject({ totalLayers: 2, totalBytes })
    expect(current).toBeDefined()
    readings.shift()
  })

  it('reads first what somebody waits for', async () => {
    const waited = await fixtureImage([{ 'usr/w': 'w' }])
    const order: string[] = []
    const gate = Promise.withResolvers<void>()
    const inner = new LayerThread()
    const slow: Thread = {
      read: async (job, onBytes) => {
        await gate.promise
        order.push(job.digest)
        return inner.read(job, onBytes)
      },
      end: () => inner.end(),
    }
    await bring(waited, 'os/waited:1')
    for (const name of ['a', 'b', 'c']) await bring(await fixtureImage([{ [`usr/${name}`]: name }]), `os/${name}:1`)
    const { reading } = started({ thread: slow })
    const verdict = verdictOf(reading, waited.manifest)
    gate.resolve()
    expect(await verdict).toMatchObject({ state: 'read' })
    expect(order.slice(0, 2)).toContain(waited.layers[0]!.digest)
  })

  it('reads a file again that was written anew, and notices that it is another one', async () => {
    const { reading } = started()
    const image = await fixtureImage([{ 'usr/a': 'a' }])
    const manifest = await bring(image)
    expect(await verdictOf(reading, manifest)).toMatchObject({ state: 'read' })
    const file = blobs.file(image.layers[0]!.digest)
    const bytes = await readFile(file)
    bytes[20]! ^= 0xff
    await writeFile(file, bytes)
    await utimes(file, 1000, 1000)
    expect(await verdictOf(reading, manifest)).toMatchObject({ state: 'refused', code: 'DIGEST_MISMATCH' })
    await writeFile(file, image.layers[0]!.bytes)
    expect(await verdictOf(reading, manifest)).toMatchObject({ state: 'read' })
  })

  it('forgets what is gone, and looks again at what was too large once the bound may be another', async () => {
    const first = started({ maxLayerBytes: 1000 })
    const image = await fixtureImage([{ 'usr/a': 'a'.repeat(5000) }])
    const manifest = await bring(image)
    expect(await verdictOf(first.reading, manifest)).toMatchObject({ state: 'refused', code: 'LAYER_BOMB' })
    await first.reading.stop()
    const { reading } = started()
    expect(await verdictOf(reading, manifest)).toMatchObject({ state: 'read' })
    store.images.removeManifest('os/web', manifest.digest)
    for (const { digest } of image.layers) store.images.removeBlob('os/web', digest)
    store.layers.forgetStale()
    expect(store.layers.layers(image.layers.map(({ digest }) => digest)).size).toBe(0)
  })

  it('holds nothing up when it cannot read a layer, and tells why', async () => {
    const broken: Thread = { read: () => Promise.reject(new Error('the disk failed')), end: () => Promise.resolve() }
    const { reading, failures } = started({ thread: broken })
    const manifest = await bring(await fixtureImage([{ 'usr/a': 'a' }]))
    expect(await verdictOf(reading, manifest)).toMatchObject({ state: 'read' })
    expect(failures).toMatchObject([{ message: 'the disk failed' }, { message: 'the disk failed' }])
  })

  it('begins no thread once it was told to stop', async () => {
    const { reading: first } = started()
    await bring(await fixtureImage([{ 'usr/a': 'a' }]))
    await first.stop()
    store.layers.forgetStale()
    await bring(await fixtureImage([{ 'usr/b': 'b' }]), 'os/db:1')
    // It looks for the file of a layer now, and stops before it knows.
    const { reading, read } = started()
    await reading.stop()
    expect(read).toEqual([])
  })

  it('reads a layer that was removed while it was being read when it comes again', async () => {
    const inner = new LayerThread()
    const removing: Thread = {
      read: ({ digest }) => {
        removing.read = (again, told) => inner.read(again, told)
        blobs.remove(digest)
        return Promise.reject(new Error('there is no such file'))
      },
      end: () => inner.end(),
    }
    const { reading, failures } = started({ thread: removing })
    const image = await fixtureImage([{ 'usr/a': 'a' }])
    await bring(image)
    await expect.poll(() => reading.check(image.manifest)).toMatchObject({ state: 'read' })
    await bring(image)
    await verdictOf(reading, image.manifest)
    const { layers } = await reading.image(image.manifest.digest)
    expect([layers.size, failures]).toEqual([1, []])
  })

  it('outlives a database that fails, and goes on when it does no more', async () => {
    const { reading, failures } = started()
    const asked = store.layers.unreadBlobs.bind(store.layers)
    store.layers.unreadBlobs = () => {
      throw new Error('the database failed')
    }
    reading.wake()
    await expect.poll(() => failures).toMatchObject([{ message: 'the database failed' }])
    store.layers.unreadBlobs = asked
    const manifest = await bring(await fixtureImage([{ 'usr/a': 'a' }]))
    expect(await verdictOf(reading, manifest)).toMatchObject({ state: 'read' })
    expect((await reading.image(manifest.digest)).layers.size).toBe(1)
  })

  it('goes on without layers that are not here: an image whose layers come later is not held up', async () => {
    const { reading } = started()
    const image = await fixtureImage([{ 'usr/a': 'a' }])
    const manifest = await bring(image)
    await verdictOf(reading, manifest)
    blobs.remove(image.layers[0]!.digest)
    expect(await reading.check(manifest)).toMatchObject({ state: 'read' })
    expect((await reading.image(manifest.digest)).layers.size).toBe(0)
  })
})
