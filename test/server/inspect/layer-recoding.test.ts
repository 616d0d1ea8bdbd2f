import { createReadStream } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { recodeLayer } from '../../../server/inspect/layer-recoder.ts'
import { LayerRecoding } from '../../../server/inspect/layer-recoding.ts'
import type { LayerRecodingOptions } from '../../../server/inspect/layer-recoding.ts'
import type { LayerReading } from '../../../server/inspect/layer-reading.ts'
import { LayerThread } from '../../../server/inspect/layer-thread.ts'
import { BlobStore } from '../../../server/oci/blob-store.ts'
import { ImageService } from '../../../server/oci/image-service.ts'
import { StoreQuota } from '../../../server/oci/quota.ts'
import { openStore } from '../../../server/store/store.ts'
import type { Store } from '../../../server/store/store.ts'
import { fixtureImage, layoutFiles, tarOf } from '../../helpers/image-fixtures.ts'
import type { FixtureImage } from '../../helpers/image-fixtures.ts'
import { testReading, untilRead } from '../../helpers/reading.ts'

const TEXT = 'some words that come again and again\n'.repeat(2000)

let folder: string
let blobs: BlobStore
let store: Store
let reading: LayerReading
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'landfall-recoding-'))
  store = openStore(':memory:')
  blobs = await BlobStore.open(join(folder, 'oci'))
  reading = testReading(store, blobs, folder)
})
afterEach(async () => {
  await reading.stop()
  store.close()
  await rm(folder, { recursive: true })
})

async function bring(image: FixtureImage): Promise<void> {
  const archive = await tarOf(layoutFiles([{ image, name: 'x' }]))
  await new ImageService(blobs, store.images).importArchive(Readable.from([archive]), 'os/web:1', () => {})
  await untilRead(reading, image.manifest.digest)
}

async function recode(wanted: readonly string[], options: Partial<LayerRecodingOptions> = {}) {
  const tried: string[] = []
  const failures: unknown[] = []
  const recoding = new LayerRecoding({
    layers: store.layers,
    records: store.images,
    blobs,
    folder: join(folder, 'oci', 'recoding'),
    wanted: () => Promise.resolve(wanted),
    idle: () => reading.idle(),
    thread: {
      recode: ({ file, ...job }) => (tried.push(job.digest), recodeLayer(createReadStream(file), job)),
      end: () => Promise.resolve(),
    },
    onFailure: (_, error) => failures.push(error),
    ...options,
  })
  const again = async () => {
    recoding.wake()
    await recoding.settled()
  }
  await again()
  return { recoding, tried, failures, again }
}

describe('recoding layers', () => {
  it('makes zstd of what machines want, in a thread, once, and leaves nothing else behind', async () => {
    const image = await fixtureImage([{ 'usr/a': TEXT }, { 'usr/b': TEXT.toUpperCase() }])
    const other = await fixtureImage([{ 'usr/c': TEXT }])
    await bring(other)
    await bring(image)
    const thread = new LayerThread()
    const { failures, recoding, again } = await recode([image.manifest.digest, 'sha256:none'], { thread })
    expect(failures).toEqual([])
    const made = store.images.variants()
    expect(new Set(made.map(({ layer }) => layer))).toEqual(new Set(image.layers.map(({ digest }) => digest)))
    for (const { digest, size } of made) expect(await blobs.size(digest)).toBe(size)
    expect(await readdir(join(folder, 'oci', 'recoding'))).toEqual([])
    await again()
    expect(store.images.variants()).toEqual(made)
    await recoding.stop()
  })

  it('makes one anew whose file is gone', async () => {
    const image = await fixtureImage([{ 'usr/a': TEXT }])
    await bring(image)
    const { again, tried } = await recode([image.manifest.digest])
    blobs.remove(store.images.variants()[0]!.digest)
    await again()
    expect(tried).toHaveLength(2)
    expect(await blobs.size(store.images.variants()[0]!.digest)).toBeDefined()
  })

  it('lets nothing go for it, and waits for room', async () => {
    const image = await fixtureImage([{ 'usr/a': TEXT }])
    await bring(image)
    const full = new StoreQuota(
      store.images.storedBytes() + 10,
      () => store.images.storedBytes(),
      () => {
        throw new Error('nothing may go')
      },
    )
    const spare = await BlobStore.open(join(folder, 'oci'), full)
    const { tried, failures } = await recode([image.manifest.digest], { blobs: spare })
    expect([tried, failures, store.images.variants()]).toEqual([[], [], []])
  })

  it('leaves alone what was not read, or is wrong', async () => {
    const image = await fixtureImage([{ 'usr/a': TEXT }])
    await bring(image)
    const unread = { layers: () => new Map() }
    expect((await recode([image.manifest.digest], { layers: unread })).tried).toEqual([])
    const broken = await fixtureImage([{ '../escape': TEXT }])
    await bring(broken)
    expect((await recode([broken.manifest.digest])).tried).toEqual([])
  })

  it('tries what fails once, and keeps no variant of a layer that went meanwhile', async () => {
    const image = await fixtureImage([{ 'usr/a': TEXT }])
    await bring(image)
    const { digest } = image.layers[0]!
    const failing = await recode([image.manifest.digest], {
      thread: { recode: () => Promise.reject(new Error('no')), end: () => Promise.resolve() },
    })
    await failing.again()
    expect(failing.failures).toHaveLength(1)
    const { recoding, failures } = await recode([image.manifest.digest], {
      thread: {
        recode: ({ file, ...job }) => {
          store.images.removeBlob('os/web', digest)
          return recodeLayer(createReadStream(file), job)
        },
        end: () => Promise.resolve(),
      },
    })
    expect([failures, store.images.variants()]).toEqual([[], []])
    const known = new Set([image.manifest, image.config, ...image.layers].map((part) => part.digest))
    expect((await Array.fromAsync(blobs.files())).filter((one) => !known.has(one.digest))).toEqual([])
    await recoding.stop()
  })
})

it('does not hold on to all that it has waited for', async () => {
  const image = await fixtureImage([{ 'usr/a': TEXT }])
  await bring(image)
  const waits: WeakRef<object>[] = []
  const idle = () => {
    const wait = {}
    waits.push(new WeakRef(wait))
    return Promise.resolve(wait) as Promise<unknown> as Promise<void>
  }
  const { again, recoding } = await recode([image.manifest.digest], { idle })
  for (let time = 1; time < 5; time++) await again()
  // WeakRefs hold what they name until the end of the turn.
  await new Promise((resolve) => setImmediate(resolve))
  setFlagsFromString('--expose-gc')
  ;(runInNewContext('gc') as () => void)()
  expect(waits.length).toBe(5)
  expect(waits.filter((wait) => wait.deref()).length).toBeLessThanOrEqual(1)
  await recoding.stop()
})

it('waits no longer for its turn once it is stopped', async () => {
  const image = await fixtureImage([{ 'usr/a': TEXT }])
  await bring(image)
  const wanted: string[] = []
  const waiting = Promise.withResolvers<void>()
  const idle = () => {
    waiting.resolve()
    return new Promise<void>(() => {})
  }
  const { recoding, tried } = await recode(wanted, { idle })
  wanted.push(image.manifest.digest)
  recoding.wake()
  await waiting.promise
  await recoding.stop()
  expect(tried).toEqual([])
})

it('begins with no layer once it is stopped', async () => {
  const image = await fixtureImage([{ 'usr/a': TEXT }])
  await bring(image)
  const layer = image.layers[0]!
  const looking = Promise.withResolvers<void>()
  const found = Promise.withResolvers<number>()
  const size = blobs.size.bind(blobs)
  blobs.size = async (digest) => {
    if (digest !== layer.digest) return size(digest)
    looking.resolve()
    return found.promise
  }
  const wanted: string[] = []
  const { recoding, tried } = await recode(wanted)
  wanted.push(image.manifest.digest)
  recoding.wake()
  await looking.promise
  const stopped = recoding.stop()
  found.resolve(layer.bytes.length)
  await stopped
  expect(tried).toEqual([])
})

it('leaves alone what is no gzip', async () => {
  const image = await fixtureImage([{ 'usr/a': TEXT }])
  const manifest = JSON.parse(image.manifest.bytes.toString()) as { layers: { mediaType: string }[] }
  manifest.layers[0]!.mediaType = 'application/vnd.oci.image.layer.v1.tar+zstd'
  await bring(image)
  const digest = await blobs.put(Buffer.from(JSON.stringify(manifest)))
  expect((await recode([digest])).tried).toEqual([])
})
