import { describe, expect, it } from 'vitest'
import { collectGarbage } from '../../../server/oci/garbage.ts'
import type { GarbageOptions } from '../../../server/oci/garbage.ts'
import { digestOf } from '../../../server/oci/verify.ts'
import { fixtureIndex } from '../../helpers/image-fixtures.ts'
import { testRegistry } from '../../helpers/registry.ts'
import type { TestRegistry } from '../../helpers/registry.ts'
import { OCI_INDEX, pushBlob, pushImage, pushManifest, referrer } from './registry/support.ts'

const DAY = 24 * 3600 * 1000
const later = (days: number) => new Date(Date.now() + days * DAY)

function collect(registry: TestRegistry, options: Partial<GarbageOptions> = {}) {
  const { records, blobs, uploads } = registry
  return collectGarbage({ records, blobs, uploads, pinned: new Set(), untaggedDays: 0, now: later(0.01), ...options })
}

const stored = async ({ blobs }: TestRegistry) =>
  new Set((await Array.fromAsync(blobs.files())).map(({ digest }) => digest))

describe('garbage collection', () => {
  it('frees what the last tag left, and nothing that another image shares', async () => {
    const registry = await testRegistry()
    const kept = await pushImage(registry, 'os/web', 'kept')
    const gone = await pushImage(registry, 'os/web', 'gone')
    const same = await pushImage(registry, 'os/other', 'gone')
    await registry.call('DELETE', '/v2/os/web/manifests/gone')
    const dry = await collect(registry, { dryRun: true })
    expect((await stored(registry)).has(gone.manifest.digest)).toBe(true)
    const report = await collect(registry)
    expect(report).toEqual({ ...dry, manifests: 1 })
    expect(report.removed).toMatchObject([
      { repository: 'os/web', digest: gone.manifest.digest, why: expect.stringContaining('no tag') },
    ])
    const left = await stored(registry)
    for (const { digest } of [gone.manifest, gone.config, ...gone.layers]) expect(left.has(digest)).toBe(false)
    for (const image of [kept, same]) {
      for (const { digest } of [image.manifest, image.config, ...image.layers]) expect(left.has(digest)).toBe(true)
    }
    expect(await collect(registry)).toEqual({ manifests: 0, blobs: 0, bytes: 0, uploads: 0, removed: [] })
  })

  it('leaves alone what machines hold on to by digest', async () => {
    const registry = await testRegistry()
    const { manifest } = await pushImage(registry)
    await registry.call('DELETE', '/v2/os/web/manifests/1')
    expect(await collect(registry, { pinned: new Set([manifest.digest]), now: later(365) })).toMatchObject({ bytes: 0 })
    expect((await registry.call('GET', `/v2/os/web/manifests/${manifest.digest}`)).status).toBe(200)
  })

  it('keeps images without a tag for as long as is configured', async () => {
    const registry = await testRegistry()
    await pushImage(registry)
    await registry.call('DELETE', '/v2/os/web/manifests/1')
    expect(await collect(registry, { untaggedDays: 30, now: later(29) })).toMatchObject({ manifests: 0 })
    expect(await collect(registry, { untaggedDays: 30, now: later(31) })).toMatchObject({ manifests: 1 })
  })

  it('keeps the parts of an index, and signatures as long as what they are about', async () => {
    const registry = await testRegistry()
    const image = await pushImage(registry, 'os/web', 'part')
    const index = fixtureIndex([{ image, architecture: 'amd64' }])
    await pushManifest(registry, '/v2/os/web/manifests/all', index.bytes, { 'content-type': OCI_INDEX })
    await pushBlob(registry, 'os/web', Buffer.from('{}'))
    const about = referrer({ digest: image.manifest.digest, size: image.manifest.bytes.length })
    await pushManifest(registry, `/v2/os/web/manifests/${digestOf(about)}`, about)
    await registry.call('DELETE', '/v2/os/web/manifests/part')
    expect(await collect(registry, { now: later(365) })).toMatchObject({ manifests: 0, blobs: 0 })
    await registry.call('DELETE', '/v2/os/web/manifests/all')
    expect(await collect(registry, { now: later(365) })).toMatchObject({ manifests: 3 })
    expect(await stored(registry)).toEqual(new Set())
  })

  it('spares what a push has just brought or asked for', async () => {
    const registry = await testRegistry()
    const digest = await pushBlob(registry, 'os/web', Buffer.from('early'))
    expect(await collect(registry)).toMatchObject({ blobs: 0 })
    registry.blobs.settle([digest])
    expect(await collect(registry)).toMatchObject({ blobs: 0 })
    expect(await collect(registry, { now: later(2), dryRun: true })).toMatchObject({ blobs: 1, bytes: 5 })
    expect(await collect(registry, { now: later(2) })).toMatchObject({ blobs: 1, bytes: 5 })
    expect((await registry.call('HEAD', `/v2/os/web/blobs/${digest}`)).status).toBe(404)
  })

  it('drops abandoned uploads', async () => {
    const registry = await testRegistry()
    await registry.call('POST', '/v2/os/web/blobs/uploads/')
    expect(await collect(registry, { now: later(2) })).toMatchObject({ uploads: 1 })
  })
})
