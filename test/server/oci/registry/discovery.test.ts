// Content discovery and management, by the endpoints of the distribution specification 1.1.
import { describe, expect, it } from 'vitest'
import { digestOf } from '../../../../server/oci/verify.ts'
import { fixtureImage, fixtureIndex } from '../../../helpers/image-fixtures.ts'
import { testRegistry } from '../../../helpers/registry.ts'
import type { TestRegistry } from '../../../helpers/registry.ts'
import { EMPTY, OCI, OCI_INDEX, pushBlob, pushBlobs, pushImage, pushManifest, referrer, refusal } from './support.ts'

async function tagged(...tags: string[]): Promise<TestRegistry> {
  const registry = await testRegistry()
  const { manifest } = await pushImage(registry, 'os/web', tags[0])
  for (const tag of tags.slice(1)) await pushManifest(registry, `/v2/os/web/manifests/${tag}`, manifest.bytes)
  return registry
}

describe('list of tags', () => {
  it('end-8a: has all of them in ASCII order', async () => {
    const { call } = await tagged('b', 'a', 'B', '10', '9')
    const response = await call('GET', '/v2/os/web/tags/list', { as: 'nobody' })
    expect(await response.json()).toEqual({ name: 'os/web', tags: ['10', '9', 'B', 'a', 'b'] })
  })

  it('end-8a: is empty, but there, when only the tags are gone', async () => {
    const { call } = await tagged('a')
    await call('DELETE', '/v2/os/web/manifests/a')
    expect(await (await call('GET', '/v2/os/web/tags/list')).json()).toEqual({ name: 'os/web', tags: [] })
    expect(await refusal(call('GET', '/v2/os/none/tags/list'))).toEqual([404, 'NAME_UNKNOWN'])
  })

  it('end-8b: comes in pages, each with the link to the next', async () => {
    const { call } = await tagged('a', 'b', 'c', 'd', 'e')
    const seen: string[][] = []
    for (let next: string | undefined = '/v2/os/web/tags/list?n=2'; next !== undefined;) {
      const response = await call('GET', next)
      seen.push(((await response.json()) as { tags: string[] }).tags)
      next = /^<(.*)>; rel="next"$/.exec(response.headers.get('link') ?? '')?.[1]
    }
    expect(seen).toEqual([['a', 'b'], ['c', 'd'], ['e']])
  })

  it.each([
    ['n=0', []],
    ['n=9', ['a', 'b', 'c']],
    ['last=a', ['b', 'c']],
    ['n=1&last=aa', ['b']],
    ['n=5&last=c', []],
  ])('end-8b: ?%s', async (query, tags) => {
    const { call } = await tagged('a', 'b', 'c')
    const response = await call('GET', `/v2/os/web/tags/list?${query}`)
    expect(await response.json()).toEqual({ name: 'os/web', tags })
    if (query === 'n=0') expect(response.headers.get('link')).toBeNull()
  })

  it('end-8b: refuses a number that is none', async () => {
    const { call } = await tagged('a')
    expect((await call('GET', '/v2/os/web/tags/list?n=-1')).status).toBe(400)
  })
})

describe('list of referrers', () => {
  async function withReferrers() {
    const registry = await testRegistry()
    const { manifest } = await pushImage(registry)
    const subject = { digest: manifest.digest, size: manifest.bytes.length }
    await pushBlob(registry, 'os/web', Buffer.from('{}'))
    const push = async (bytes: Buffer, type = OCI) => {
      const digest = digestOf(bytes)
      const path = `/v2/os/web/manifests/${digest}`
      expect((await pushManifest(registry, path, bytes, { 'content-type': type })).status).toBe(201)
      return { digest, size: bytes.length, mediaType: type }
    }
    const list = async (query = '') => {
      const response = await registry.call('GET', `/v2/os/web/referrers/${subject.digest}${query}`, { as: 'nobody' })
      expect([response.status, response.headers.get('content-type')]).toEqual([200, OCI_INDEX])
      return { response, index: (await response.json()) as { manifests: { digest: string }[] } }
    }
    return { registry, subject, push, list }
  }

  it('end-12a: is an empty index for what nobody refers to', async () => {
    const { list } = await withReferrers()
    expect((await list()).index).toEqual({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [] })
  })

  it('end-12a: describes manifests and indexes by artifact type and annotations', async () => {
    const { subject, push, list } = await withReferrers()
    const typed = await push(referrer(subject, { artifactType: 'a/b', annotations: { k: 'v' } }))
    const plain = await push(referrer(subject))
    const about = { mediaType: OCI, ...subject }
    const document = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [], subject: about }
    const index = await push(Buffer.from(JSON.stringify(document)), OCI_INDEX)
    const listed = (await list()).index.manifests
    expect(listed).toHaveLength(3)
    expect(listed).toEqual(
      expect.arrayContaining([
        { ...typed, artifactType: 'a/b', annotations: { k: 'v' } },
        { ...plain, artifactType: EMPTY },
        index,
      ]),
    )
  })

  it('end-12b: is filtered by artifact type, and says so', async () => {
    const { subject, push, list } = await withReferrers()
    const typed = await push(referrer(subject, { artifactType: 'a/b' }))
    await push(referrer(subject))
    const { response, index } = await list('?artifactType=a/b')
    expect(response.headers.get('oci-filters-applied')).toBe('artifactType')
    expect(index.manifests.map(({ digest }) => digest)).toEqual([typed.digest])
  })

  it('end-12a: has what was pushed before its subject, until it is deleted', async () => {
    const registry = await testRegistry()
    const image = await fixtureImage([{ a: 'late' }])
    await pushBlob(registry, 'os/web', Buffer.from('{}'))
    const bytes = referrer({ digest: image.manifest.digest, size: image.manifest.bytes.length })
    await pushManifest(registry, '/v2/os/web/manifests/early', bytes)
    await pushBlobs(registry, 'os/web', image)
    await pushManifest(registry, '/v2/os/web/manifests/1', image.manifest.bytes)
    const digests = async () => {
      const response = await registry.call('GET', `/v2/os/web/referrers/${image.manifest.digest}`)
      return ((await response.json()) as { manifests: { digest: string }[] }).manifests.map(({ digest }) => digest)
    }
    expect(await digests()).toEqual([digestOf(bytes)])
    await registry.call('DELETE', `/v2/os/web/manifests/${digestOf(bytes)}`)
    expect(await digests()).toEqual([])
  })

  it('end-12a: refuses a digest that is none', async () => {
    const { call } = await testRegistry()
    expect(await refusal(call('GET', '/v2/os/web/referrers/latest'))).toEqual([400, 'DIGEST_INVALID'])
  })

  it('end-12a: leaves the tags of clients without it alone', async () => {
    const { registry, subject } = await withReferrers()
    const tag = subject.digest.replace(':', '-')
    const index = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [] }))
    const pushed = await pushManifest(registry, `/v2/os/web/manifests/${tag}`, index, { 'content-type': OCI_INDEX })
    expect(pushed.status).toBe(201)
    expect((await registry.call('GET', `/v2/os/web/manifests/${tag}`)).status).toBe(200)
  })
})

describe('deletion', () => {
  it('end-9: of a tag leaves the manifest', async () => {
    const registry = await testRegistry()
    const { manifest } = await pushImage(registry)
    expect((await registry.call('DELETE', '/v2/os/web/manifests/1')).status).toBe(202)
    expect((await registry.call('GET', '/v2/os/web/manifests/1')).status).toBe(404)
    expect((await registry.call('GET', `/v2/os/web/manifests/${manifest.digest}`)).status).toBe(200)
    expect(await refusal(registry.call('DELETE', '/v2/os/web/manifests/1'))).toEqual([404, 'MANIFEST_UNKNOWN'])
  })

  it('end-9: of a manifest takes its tags along', async () => {
    const registry = await testRegistry()
    const { manifest } = await pushImage(registry)
    const path = `/v2/os/web/manifests/${manifest.digest}`
    expect((await registry.call('DELETE', path)).status).toBe(202)
    expect((await registry.call('GET', '/v2/os/web/manifests/1')).status).toBe(404)
    expect(await refusal(registry.call('DELETE', path))).toEqual([404, 'MANIFEST_UNKNOWN'])
  })

  it('end-9: is refused for a part of an index, and for what is being installed', async () => {
    const installing = new Set<string>()
    const registry = await testRegistry({ isInstalling: (digest) => installing.has(digest) })
    const image = await pushImage(registry)
    const index = fixtureIndex([{ image, architecture: 'amd64' }])
    await pushManifest(registry, '/v2/os/web/manifests/all', index.bytes, { 'content-type': OCI_INDEX })
    const part = `/v2/os/web/manifests/${image.manifest.digest}`
    expect(await refusal(registry.call('DELETE', part))).toEqual([405, 'UNSUPPORTED'])
    installing.add(image.manifest.digest)
    expect(await refusal(registry.call('DELETE', `/v2/os/web/manifests/${index.digest}`))).toEqual([409, 'DENIED'])
    installing.clear()
    expect((await registry.call('DELETE', `/v2/os/web/manifests/${index.digest}`)).status).toBe(202)
    expect((await registry.call('DELETE', part)).status).toBe(202)
  })

  it('end-10: of a blob, once no manifest needs it', async () => {
    const registry = await testRegistry()
    const { manifest, layers } = await pushImage(registry)
    const path = `/v2/os/web/blobs/${layers[0]!.digest}`
    expect(await refusal(registry.call('DELETE', path))).toEqual([405, 'UNSUPPORTED'])
    await registry.call('DELETE', `/v2/os/web/manifests/${manifest.digest}`)
    expect((await registry.call('DELETE', path)).status).toBe(202)
    expect((await registry.call('GET', path)).status).toBe(404)
    expect(await refusal(registry.call('DELETE', path))).toEqual([404, 'BLOB_UNKNOWN'])
  })
})
