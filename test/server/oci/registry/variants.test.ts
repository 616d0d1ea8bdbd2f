// Layers that are also here as zstd: who gets which bytes, and what becomes of the files.
import { gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { Evictor } from '../../../../server/oci/eviction.ts'
import { collectGarbage } from '../../../../server/oci/garbage.ts'
import { ZSTD_LAYER } from '../../../../server/oci/media-types.ts'
import { checkStore } from '../../../../server/oci/store-check.ts'
import { testRegistry } from '../../../helpers/registry.ts'
import { addVariant, pushBlob, pushImage } from './support.ts'

async function withVariant(repository = 'os/web') {
  const registry = await testRegistry()
  const image = await pushImage(registry, repository)
  const layer = image.layers[0]!
  const variant = await addVariant(registry, layer)
  const ask = (headers: Record<string, string> = {}, method = 'GET', digest = layer.digest) =>
    registry.call(method, `/v2/${repository}/blobs/${digest}`, { as: 'nobody', headers })
  return { registry, image, layer, variant, ask }
}

const ZSTD = { accept: ZSTD_LAYER }
const bytesOf = async (response: Response) => Buffer.from(await response.arrayBuffer())

describe('a gzip layer that is also here as zstd', () => {
  it('is zstd for whoever asks by its name, under its own digest and tag', async () => {
    const { variant, ask } = await withVariant()
    const response = await ask(ZSTD)
    expect(response.status).toBe(200)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': ZSTD_LAYER,
      'content-length': String(variant.bytes.length),
      'docker-content-digest': variant.digest,
      etag: `"${variant.digest}"`,
      vary: 'Accept',
    })
    expect(await bytesOf(response)).toEqual(variant.bytes)
    const head = await ask(ZSTD, 'HEAD')
    expect([head.headers.get('content-type'), head.headers.get('etag')]).toEqual([ZSTD_LAYER, `"${variant.digest}"`])
    expect((await ask({ accept: `text/plain, ${ZSTD_LAYER};q=0.5` })).headers.get('content-type')).toBe(ZSTD_LAYER)
  })

  it.each<[string, Record<string, string>]>([
    ['no header', {}],
    ['anything', { accept: '*/*' }],
    ['any application', { accept: 'application/*' }],
    // As containerd asks for a layer.
    ['zstd layers as manifests name them', { accept: 'application/vnd.oci.image.layer.v1.tar+zstd, */*' }],
    ['zstd as an encoding', { 'accept-encoding': 'zstd, gzip' }],
  ])('is what the digest stands for, with %s', async (_, headers) => {
    const { layer, ask } = await withVariant()
    const response = await ask(headers)
    expect([response.headers.get('content-type'), response.headers.get('vary')]).toEqual([
      'application/octet-stream',
      null,
    ])
    expect(response.headers.get('docker-content-digest')).toBe(layer.digest)
    expect(await bytesOf(response)).toEqual(layer.bytes)
  })

  it('goes on by range, and is whole and gzip once the variant is gone', async () => {
    const { registry, layer, variant, ask } = await withVariant()
    const rest = { ...ZSTD, range: 'bytes=10-', 'if-range': `"${variant.digest}"` }
    const part = await ask(rest)
    expect([part.status, part.headers.get('content-range')]).toEqual([
      206,
      `bytes 10-${variant.bytes.length - 1}/${variant.bytes.length}`,
    ])
    expect(await bytesOf(part)).toEqual(variant.bytes.subarray(10))
    registry.records.removeVariant(layer.digest)
    const whole = await ask(rest)
    expect([whole.status, whole.headers.get('etag')]).toEqual([200, `"${layer.digest}"`])
    expect(await bytesOf(whole)).toEqual(layer.bytes)
  })

  it('is gzip where the file of the variant is missing', async () => {
    const { registry, layer, variant, ask } = await withVariant()
    registry.blobs.remove(variant.digest)
    expect(await bytesOf(await ask(ZSTD))).toEqual(layer.bytes)
  })

  it('is no blob of the registry: nobody can pull, mount or push by it', async () => {
    const { registry, variant, ask } = await withVariant()
    expect((await ask({}, 'HEAD', variant.digest)).status).toBe(404)
    const mount = `/v2/os/other/blobs/uploads/?mount=${variant.digest}&from=os/web`
    expect((await registry.call('POST', mount)).status).toBe(202)
    // Whoever pushes the same bytes has a blob, which outlives the variant.
    await pushBlob(registry, 'os/other', variant.bytes)
    const evictor = evictorOf(registry)
    evictor.makeRoom(variant.bytes.length)
    expect(await registry.blobs.size(variant.digest)).toBe(variant.bytes.length)
  })

  it('counts for the limit', async () => {
    const { registry, layer, variant } = await withVariant()
    const stored = registry.records.storedBytes()
    registry.records.removeVariant(layer.digest)
    expect(stored - registry.records.storedBytes()).toBe(variant.bytes.length)
  })

  it('goes with the layer in garbage collection, dry or not, and not before', async () => {
    const { registry, variant } = await withVariant()
    const collect = (dryRun: boolean) =>
      collectGarbage({ ...registry, pinned: new Set(), untaggedDays: 0, now: new Date(Date.now() + 1000), dryRun })
    await registry.blobs.ingest([variant.bytes], { what: 'x', digest: variant.digest, size: variant.bytes.length })
    registry.blobs.settle([variant.digest])
    expect(await collect(false)).toMatchObject({ blobs: 0 })
    await registry.call('DELETE', '/v2/os/web/manifests/1')
    expect(await collect(true)).toMatchObject({ blobs: 3 })
    expect(await collect(false)).toMatchObject({ blobs: 3 })
    expect(registry.records.variants()).toEqual([])
    expect(await Array.fromAsync(registry.blobs.files())).toEqual([])
  })

  it('goes before any image when room is wanted, and the image when that is not enough', async () => {
    const { registry, image, variant } = await withVariant('hub/web')
    const evictor = evictorOf(registry, Date.now() + 48 * 3600_000)
    expect(evictor.makeRoom(1)).toBe(true)
    expect(await registry.blobs.size(variant.digest)).toBeUndefined()
    expect(await registry.blobs.size(image.layers[0]!.digest)).toBeDefined()
    expect((await checkStore(registry)).problems).toEqual([])
    await addVariant(registry, image.layers[0]!)
    expect(evictor.makeRoom(variant.bytes.length + 1)).toBe(true)
    expect(await Array.fromAsync(registry.blobs.files())).toEqual([])
    expect(registry.records.variants()).toEqual([])
  })

  it('that two layers share counts once, and goes with both when room is wanted', async () => {
    const { registry, variant } = await withTwin()
    const evictor = evictorOf(registry)
    expect(evictor.makeRoom(variant.bytes.length + 1)).toBe(false)
    expect(evictor.makeRoom(1)).toBe(true)
    expect(await registry.blobs.size(variant.digest)).toBeUndefined()
    expect(registry.records.variants()).toEqual([])
  })

  it('that two layers share stays in garbage collection as long as one of them does', async () => {
    const { registry, variant, twin } = await withTwin()
    await registry.call('DELETE', '/v2/os/web/manifests/1')
    await collectGarbage({ ...registry, pinned: new Set(), untaggedDays: 0, now: new Date(Date.now() + 1000) })
    expect(registry.records.variants().map(({ layer }) => layer)).toEqual([twin])
    expect(await registry.blobs.size(variant.digest)).toBe(variant.bytes.length)
  })
})

/** A second layer has the same tar in other gzip. */
async function withTwin() {
  const made = await withVariant()
  const bytes = gzipSync(gunzipSync(made.layer.bytes), { level: 1 })
  const twin = await pushBlob(made.registry, 'os/twin', bytes)
  await addVariant(made.registry, { digest: twin, bytes })
  return { ...made, twin }
}

function evictorOf(registry: Awaited<ReturnType<typeof testRegistry>>, now = Date.now()): Evictor {
  return new Evictor({
    ...registry,
    needed: () => new Map(),
    mayGo: () => (image) => image.repository.startsWith('hub/'),
    now: () => new Date(now),
  })
}
