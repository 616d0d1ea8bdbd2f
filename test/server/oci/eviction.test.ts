import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CachedImage } from '../../../server/contract/image-upkeep.ts'
import { Evictor } from '../../../server/oci/eviction.ts'
import { collectGarbage } from '../../../server/oci/garbage.ts'
import { checkStore } from '../../../server/oci/store-check.ts'
import { BlobStore } from '../../../server/oci/blob-store.ts'
import { StoreQuota } from '../../../server/oci/quota.ts'
import { digestOf } from '../../../server/oci/verify.ts'
import { testClock } from '../../helpers/clock.ts'
import { fixtureIndex } from '../../helpers/image-fixtures.ts'
import { testRegistry } from '../../helpers/registry.ts'
import { OCI_INDEX, pushBlob, pushImage, pushManifest, referrer } from './registry/support.ts'

const HOUR = 3600_000

/** A registry in which everything below `hub/` may go; nothing in it counts as touched just now. */
async function store({ maxBytes = Infinity, needed = new Map<string, string>() } = {}) {
  const clock = testClock()
  const evicted: CachedImage[] = []
  const registry = await testRegistry({ now: () => clock.now() })
  const { records, folder } = registry
  const quota = new StoreQuota(
    maxBytes,
    () => records.storedBytes(),
    (bytes) => evictor.makeRoom(bytes),
  )
  const blobs = await BlobStore.open(folder, quota)
  const evictor = new Evictor({
    records,
    blobs,
    needed: () => needed,
    mayGo:
      () =>
      ({ repository }) =>
        repository.startsWith('hub/'),
    onEvicted: (image) => evicted.push(image),
    now: () => clock.now(),
  })
  const names = () => evicted.map(({ repository, tags }) => `${repository}:${tags.join(',')}`)
  return { ...registry, blobs, clock, evictor, evicted, names }
}

describe('making room', () => {
  it('takes the image first that was not used for longest, whole, and no more than is needed', async () => {
    const registry = await store()
    const { evictor, clock, records, blobs, names } = registry
    const images = []
    for (const tag of ['1', '2', '3']) {
      images.push(await pushImage(registry, 'hub/web', tag))
      clock.advance(HOUR)
    }
    records.noteUse('hub/web', images[0]!.manifest.digest, clock.now().toISOString())
    clock.advance(2 * HOUR)
    expect(evictor.makeRoom(1)).toBe(true)
    expect(names()).toEqual(['hub/web:2'])
    expect(await blobs.size(images[1]!.layers[0]!.digest)).toBeUndefined()
    expect((await checkStore({ records, blobs })).problems).toEqual([])
    expect(evictor.makeRoom(1)).toBe(true)
    expect(names()).toEqual(['hub/web:2', 'hub/web:3'])
  })

  it('leaves what is needed, what is here only and what was used within the hour, and says why', async () => {
    const needed = new Map<string, string>()
    const { evictor, clock, ...registry } = await store({ needed })
    const own = await pushImage(registry, 'os/web')
    clock.advance(1)
    const running = await pushImage(registry, 'hub/web', 'running')
    needed.set(running.manifest.digest, 'machine node-1 runs it')
    clock.advance(2 * HOUR)
    await pushImage(registry, 'hub/web', 'new')
    expect(evictor.makeRoom(1)).toBe(false)
    expect(evictor.list().map(({ digest, kept }) => [digest === own.manifest.digest, kept])).toEqual([
      [true, 'it is here only'],
      [false, 'machine node-1 runs it'],
      [false, 'it was used just now'],
    ])
  })

  it('takes nothing when all that may go is not enough', async () => {
    const { evictor, clock, evicted, ...registry } = await store()
    await pushImage(registry, 'hub/web')
    clock.advance(2 * HOUR)
    expect(evictor.makeRoom(1e9)).toBe(false)
    expect([evicted, registry.records.tags().length]).toEqual([[], 1])
  })

  it('keeps an index whole of which one part is needed; signatures go with what they are about', async () => {
    const needed = new Map<string, string>()
    const { evictor, clock, names, ...registry } = await store({ needed })
    const part = await pushImage(registry, 'hub/web', 'part')
    const index = fixtureIndex([{ image: part, architecture: 'amd64' }])
    await pushManifest(registry, '/v2/hub/web/manifests/all', index.bytes, { 'content-type': OCI_INDEX })
    await pushBlob(registry, 'hub/web', Buffer.from('{}'))
    const about = referrer({ digest: part.manifest.digest, size: part.manifest.bytes.length })
    await pushManifest(registry, `/v2/hub/web/manifests/${digestOf(about)}`, about)
    const tag = `${part.manifest.digest.replace(':', '-')}.sig`
    await pushManifest(
      registry,
      `/v2/hub/web/manifests/${tag}`,
      referrer({ digest: digestOf(Buffer.from('x')), size: 1 }),
    )
    clock.advance(2 * HOUR)
    needed.set(part.manifest.digest, 'machine node-1 runs it')
    expect(evictor.makeRoom(1)).toBe(false)
    needed.clear()
    expect(evictor.makeRoom(1)).toBe(true)
    expect(names()).toEqual(['hub/web:all,part'])
    expect(registry.records.heldManifests()).toEqual([])
    expect(registry.records.tags()).toEqual([])
  })

  it('lets in what fits then, and refuses the rest with nothing gone', async () => {
    const registry = await store({ maxBytes: 3000 })
    const { clock, blobs, evicted } = registry
    await pushImage(registry, 'hub/web')
    clock.advance(2 * HOUR)
    const put = (size: number) => blobs.put(Buffer.alloc(size, 7))
    await expect(put(3001)).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' })
    expect(evicted).toEqual([])
    await put(2800)
    expect(evicted).toHaveLength(1)
  })

  it('leaves files that garbage collection finds when it is killed half-way', async () => {
    const registry = await store()
    const { evictor, clock, blobs, uploads } = registry
    await pushImage(registry, 'hub/web')
    clock.advance(2 * HOUR)
    const plan = evictor.plan(1)
    blobs.remove = () => {
      throw new Error('killed')
    }
    expect(() => evictor.carryOut(plan)).toThrow('killed')
    const after = await BlobStore.open(registry.folder)
    const options = { records: registry.records, blobs: after, uploads, pinned: new Set<string>(), untaggedDays: 0 }
    expect(await collectGarbage(options)).toMatchObject({ blobs: 3 })
    expect(await Array.fromAsync(after.files())).toEqual([])
  })

  it('never loses what is needed, goes by last use, and frees what it says, whatever came before', async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('push' as const), name: fc.integer({ min: 0, max: 5 }), layers: fc.uniqueArray(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 4 }) }),
      fc.record({ do: fc.constant('read' as const), name: fc.integer({ min: 0, max: 5 }) }),
      fc.record({ do: fc.constant('need' as const), name: fc.integer({ min: 0, max: 5 }) }),
      fc.record({ do: fc.constant('free' as const), name: fc.integer({ min: 0, max: 5 }) }),
      fc.record({ do: fc.constant('room' as const), bytes: fc.integer({ min: 1, max: 9000 }) }),
    ) // prettier-ignore
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        await againstModel(steps)
      }),
      { numRuns: 25 },
    )
  }, 120_000)
})

type Step =
  | { do: 'push'; name: number; layers: number[] }
  | { do: 'read' | 'need' | 'free'; name: number }
  | { do: 'room'; bytes: number }

/** What the model knows of an image: names 0 to 3 are of `hub/a` and `hub/b`, 4 and 5 are here only. */
interface ModelImage {
  name: number
  repository: string
  digest: string
  size: number
  layers: number[]
  used: number
}

const layerBytes = (layer: number) => Buffer.alloc(200 + layer * 150, layer)

/** A second, plainer account of the same rules: images in a list, sizes counted anew each time. */
async function againstModel(steps: readonly Step[]): Promise<void> {
  const needed = new Map<string, string>()
  const { records, blobs, clock, evictor, evicted } = await store({ needed })
  let images: ModelImage[] = []
  const bytesOf = (list: readonly ModelImage[]) => {
    const manifests = new Map(list.map(({ digest, size }) => [digest, size]))
    const layers = new Map(list.flatMap((image) => image.layers.map((layer) => [layer, layerBytes(layer).length])))
    return [...manifests.values(), ...layers.values()].reduce((sum, size) => sum + size, 0)
  }
  for (const step of steps) {
    clock.advance(2 * HOUR)
    const now = clock.now()
    if (step.do === 'push') {
      const repository = ['hub/a', 'hub/a', 'hub/b', 'hub/b', 'own/a', 'own/b'][step.name]!
      const image = await put({ records, blobs }, repository, step, now)
      // A tag that moves leaves its former image without one.
      const same = images.find((one) => one.repository === repository && one.digest === image.digest)
      if (same) same.used = now.getTime()
      else images.push({ ...step, ...image, repository, used: now.getTime() })
    } else if (step.do === 'room') {
      const before = bytesOf(images)
      expect(records.storedBytes()).toBe(before)
      const may = images
        .filter(({ repository, digest }) => repository.startsWith('hub/') && !needed.has(digest))
        .toSorted((a, b) => a.used - b.used)
      let left = images
      const gone: ModelImage[] = []
      for (const image of may) {
        if (before - bytesOf(left) >= step.bytes) break
        gone.push(image)
        left = left.filter((one) => one !== image)
      }
      const isEnough = before - bytesOf(left) >= step.bytes
      evicted.length = 0
      expect(evictor.makeRoom(step.bytes)).toBe(isEnough)
      expect(evicted.map(({ digest }) => digest)).toEqual(isEnough ? gone.map(({ digest }) => digest) : [])
      if (isEnough) images = left
      expect(records.storedBytes()).toBe(bytesOf(images))
      expect((await checkStore({ records, blobs })).problems).toEqual([])
      const files = await Array.fromAsync(blobs.files())
      expect(files.reduce((sum, { size }) => sum + size, 0)).toBe(bytesOf(images))
    } else {
      const image = images.findLast(({ name }) => name === step.name)
      if (!image) continue
      if (step.do === 'need') needed.set(image.digest, 'the model')
      if (step.do === 'free') needed.delete(image.digest)
      if (step.do === 'read') {
        records.noteUse(image.repository, image.digest, now.toISOString())
        image.used = now.getTime()
      }
    }
  }
}

async function put(
  { records, blobs }: { records: Awaited<ReturnType<typeof testRegistry>>['records']; blobs: BlobStore },
  repository: string,
  { name, layers }: { name: number; layers: number[] },
  now: Date,
): Promise<{ digest: string; size: number }> {
  const held = []
  for (const layer of layers) held.push({ digest: await blobs.put(layerBytes(layer)), size: layerBytes(layer).length })
  // The name makes images of different names different ones.
  const bytes = Buffer.from(JSON.stringify({ name: `${repository} ${name}`, layers }))
  const digest = await blobs.put(bytes)
  const addedAt = now.toISOString()
  const facts = { size: bytes.length, manifests: [], subject: null, artifactType: null, annotations: null }
  const mediaType = 'application/vnd.oci.image.manifest.v1+json'
  records.put(
    [{ ...facts, repository, digest, mediaType, addedAt, blobs: held }],
    [{ repository, tag: String(name), digest, mediaType, addedAt }],
  )
  blobs.settle([digest, ...held.map((blob) => blob.digest)])
  return { digest, size: bytes.length }
}
