import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { PullThrough } from '../../../server/oci/pull-through.ts'
import { storedSignatures } from '../../../server/oci/signature-places.ts'
import { readSignatures } from '../../../server/oci/signatures.ts'
import { checkStore } from '../../../server/oci/store-check.ts'
import { Upstreams } from '../../../server/oci/upstreams.ts'
import { testClock } from '../../helpers/clock.ts'
import { testRegistry } from '../../helpers/registry.ts'
import { testUpstream } from '../../helpers/upstream.ts'
import { pushBlob, pushImage, pushManifest, pushSignature } from './registry/support.ts'

const FRESH_MS = 300_000

/** A registry whose `hub/...` is that of an upstream with `os/web:1`. */
async function cache() {
  const upstream = await testUpstream()
  const image = await pushImage(upstream.registry)
  const clock = testClock()
  const stale: string[] = []
  const moved: string[] = []
  const here = await testRegistry()
  const through = new PullThrough({
    ...here,
    upstreams: new Upstreams([upstream.settings({ prefix: 'hub' })]),
    freshMs: FRESH_MS,
    onStale: (reference) => stale.push(reference),
    onMoved: ({ tag, digest }) => moved.push(`${tag} ${digest}`),
    now: () => clock.now(),
  })
  onTestFinished(() => through.stop())
  const registry = await testRegistry({ ...here, through })
  const get = (path: string, headers: Record<string, string> = {}) =>
    registry.call('GET', `/v2/hub/os/web/${path}`, { as: 'nobody', headers })
  const asked = (what: string) => upstream.requests.filter((request) => request.includes(what)).length
  return { upstream, image, clock, stale, moved, here, registry, get, asked }
}

async function bytesOf(response: Response): Promise<Buffer> {
  return Buffer.from(await response.arrayBuffer())
}

describe('a repository of another registry', () => {
  it('is fetched when somebody asks, and the second time nothing is', async () => {
    const { image, get, upstream, moved, here } = await cache()
    const [layer] = image.layers
    for (let time = 0; time < 2; time++) {
      const manifest = await get('manifests/1')
      expect([manifest.status, await bytesOf(manifest)]).toEqual([200, image.manifest.bytes])
      expect(await bytesOf(await get(`blobs/${image.config.digest}`))).toEqual(image.config.bytes)
      expect(await bytesOf(await get(`blobs/${layer!.digest}`))).toEqual(layer!.bytes)
      await expect.poll(() => here.records.blob('hub/os/web', layer!.digest)).toBeDefined()
      if (time === 0) upstream.requests.length = 0
    }
    expect(upstream.requests).toEqual([])
    expect(moved).toEqual([`1 ${image.manifest.digest}`])
  })

  it('is whole for the check of the store before its blobs have come', async () => {
    const { get, here } = await cache()
    await get('manifests/1')
    expect((await checkStore({ ...here, isPartial: (name) => name.startsWith('hub/') })).problems).toEqual([])
    expect((await checkStore(here)).problems).toMatchObject([{ kind: 'missing' }])
  })

  it('tells the size of a blob without fetching it', async () => {
    const { image, get, registry, asked } = await cache()
    await get('manifests/1')
    const { digest, bytes } = image.layers[0]!
    const head = await registry.call('HEAD', `/v2/hub/os/web/blobs/${digest}`, { as: 'nobody' })
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(bytes.length)])
    expect(asked(digest)).toBe(0)
  })

  it('gives no blob that none of its manifests needs, and asks nobody for it', async () => {
    const { image, get, upstream } = await cache()
    expect((await get(`blobs/${image.layers[0]!.digest}`)).status).toBe(404)
    expect(upstream.requests.length).toBe(0)
  })

  it('has the signatures that came after it, once its tag is looked up again', async () => {
    const { image, get, upstream, here, clock } = await cache()
    const { digest } = image.manifest
    const signatures = async () =>
      (await readSignatures(storedSignatures(here.blobs, here.records, 'hub/os/web'), digest)).evidence
    await get('manifests/1')
    expect(await signatures()).toEqual([])
    await pushSignature(upstream.registry, 'os/web', image)
    clock.advance(FRESH_MS)
    await get('manifests/1')
    expect(await signatures()).toHaveLength(1)
  })

  it('gives ranges', async () => {
    const { image, get } = await cache()
    await get('manifests/1')
    const { digest, bytes } = image.layers[0]!
    const part = await get(`blobs/${digest}`, { range: 'bytes=5-9' })
    expect([part.status, await bytesOf(part)]).toEqual([206, bytes.subarray(5, 10)])
  })

  it('takes no pushes', async () => {
    const { registry } = await cache()
    const response = await registry.call('POST', '/v2/hub/os/web/blobs/uploads/')
    expect([response.status, await response.text()]).toEqual([405, expect.stringContaining('push there')])
  })

  it('is asked again for a tag when that is no longer fresh', async () => {
    const { image, upstream, clock, get, asked } = await cache()
    await get('manifests/1')
    const layer = await pushBlob(upstream.registry, 'os/web', Buffer.from('more'))
    const manifest = JSON.parse(image.manifest.bytes.toString()) as { layers: object[] }
    const next = Buffer.from(
      JSON.stringify({ ...manifest, layers: [{ ...manifest.layers[0], digest: layer, size: 4 }] }),
    )
    await pushManifest(upstream.registry, '/v2/os/web/manifests/1', next)
    clock.advance(FRESH_MS - 1)
    expect(await bytesOf(await get('manifests/1'))).toEqual(image.manifest.bytes)
    expect(asked('manifests/1')).toBe(1)
    clock.advance(1)
    expect(await bytesOf(await get('manifests/1'))).toEqual(next)
  })

  it('serves a tag as it was last while the registry is away, and 502 for what was never here', async () => {
    const { image, upstream, clock, stale, get, asked } = await cache()
    await get('manifests/1')
    upstream.instead = () => new Response('', { status: 503 })
    clock.advance(FRESH_MS)
    expect(await bytesOf(await get('manifests/1'))).toEqual(image.manifest.bytes)
    expect(await bytesOf(await get('manifests/1'))).toEqual(image.manifest.bytes)
    expect([stale, asked('manifests/1')]).toEqual([['hub/os/web:1'], 2])
    expect((await get('manifests/2')).status).toBe(502)
  })

  it('says 404 for what the registry does not know', async () => {
    const { get, upstream } = await cache()
    expect((await get('manifests/nope')).status).toBe(404)
    upstream.requests.length = 0
    expect((await get('manifests/not%20a%20tag')).status).toBe(404)
    expect(upstream.requests).toEqual([])
  })
})

describe('a blob that many ask for', () => {
  it('is fetched once, and reaches all of them while it comes', async () => {
    const { image, upstream, get, asked, here } = await cache()
    await get('manifests/1')
    const { digest, bytes } = image.layers[0]!
    let release = (): void => {}
    const held = new Promise<void>((resolve) => (release = resolve))
    upstream.instead = ({ url }) =>
      url.includes(digest)
        ? new Response(
            new ReadableStream({
              async start(controller) {
                controller.enqueue(new Uint8Array(bytes.subarray(0, 20)))
                await held
                controller.enqueue(new Uint8Array(bytes.subarray(20)))
                controller.close()
              },
            }),
          )
        : undefined
    const responses = await Promise.all(Array.from({ length: 100 }, () => get(`blobs/${digest}`)))
    const readers = responses.map(({ body }) => body!.getReader())
    for (const reader of readers) expect(Buffer.from((await reader.read()).value ?? [])).toEqual(bytes.subarray(0, 20))
    expect(await here.blobs.size(digest)).toBeUndefined()
    // Who leaves does not take it from the others.
    await readers.shift()!.cancel()
    release()
    for (const reader of readers) {
      const rest: Uint8Array[] = []
      for (let next = await reader.read(); !next.done; next = await reader.read()) rest.push(next.value)
      expect(Buffer.concat(rest)).toEqual(bytes.subarray(20))
    }
    expect(asked(digest)).toBe(1)
    expect(await here.blobs.size(digest)).toBe(bytes.length)
  })

  it('ends short of its end when it is something else, and is not kept', async () => {
    const { image, upstream, get, here } = await cache()
    await get('manifests/1')
    const { digest, bytes } = image.layers[0]!
    upstream.instead = ({ url }) => (url.includes(digest) ? new Response('x'.repeat(bytes.length)) : undefined)
    const response = await get(`blobs/${digest}`)
    await expect(bytesOf(response)).rejects.toThrow()
    expect(await here.blobs.size(digest)).toBeUndefined()
    upstream.instead = undefined
    await sleep(0)
    expect(await bytesOf(await get(`blobs/${digest}`))).toEqual(bytes)
  })

  it('is refused with its reason when nobody has it', async () => {
    const { image, upstream, get } = await cache()
    await get('manifests/1')
    upstream.instead = () => new Response('', { status: 404 })
    const response = await get(`blobs/${image.layers[0]!.digest}`)
    expect([response.status, await response.text()]).toEqual([404, expect.stringContaining('BLOB_UNKNOWN')])
  })
})
