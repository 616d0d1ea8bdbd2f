import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { BlobStore } from '../../../server/oci/blob-store.ts'
import { OciError } from '../../../server/oci/errors.ts'
import { ImageService } from '../../../server/oci/image-service.ts'
import { storedSignatures } from '../../../server/oci/signature-places.ts'
import { readSignatures } from '../../../server/oci/signatures.ts'
import { Upstreams } from '../../../server/oci/upstreams.ts'
import type { Upstream } from '../../../server/oci/upstreams.ts'
import type { FixtureImage } from '../../helpers/image-fixtures.ts'
import { memoryImageRecords } from '../../helpers/image-records.ts'
import { testUpstream } from '../../helpers/upstream.ts'
import type { TestUpstream } from '../../helpers/upstream.ts'
import { pushBlobs, pushImage, pushManifest } from './registry/support.ts'

/** Pulls `os/web:1` from the registry into a store of its own. */
async function pull(from: string, upstreams: readonly Upstream[]) {
  const folder = await mkdtemp(join(tmpdir(), 'landfall-upstreams-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const blobs = await BlobStore.open(folder)
  const records = memoryImageRecords()
  const images = new ImageService(blobs, records, { upstreams: new Upstreams(upstreams) })
  return { ...(await images.pull({ reference: `${from}/os/web:1` }, () => {})), blobs, records }
}

/** A mirror that has the image below `copies/`. */
async function mirrorOf(image: FixtureImage): Promise<TestUpstream> {
  const mirror = await testUpstream()
  await pushBlobs(mirror.registry, 'copies/os/web', image)
  await pushManifest(mirror.registry, '/v2/copies/os/web/manifests/1', image.manifest.bytes)
  return mirror
}

const blobRequests = ({ requests }: TestUpstream) => requests.filter((request) => request.includes('/blobs/'))

describe('an upstream registry', () => {
  it('is spoken to as its table says', async () => {
    const upstream = await testUpstream()
    const image = await pushImage(upstream.registry)
    expect(await pull(upstream.host, [upstream.settings()])).toMatchObject({ digest: image.manifest.digest })
  })

  it('has GPG signatures where its table says, and they are kept as referrers of the image', async () => {
    const [upstream, aside] = [await testUpstream(), await testUpstream()]
    const { digest } = (await pushImage(upstream.registry)).manifest
    aside.instead = (request) =>
      request.url.endsWith(`/os/web@${digest.replace(':', '=')}/signature-1`)
        ? new Response('signed')
        : new Response('', { status: 404 })
    const store = await pull(upstream.host, [upstream.settings({ lookaside: `http://${aside.host}` })])
    const { evidence, loose } = await readSignatures(storedSignatures(store.blobs, store.records, 'os/web'), digest)
    expect(evidence).toEqual([{ kind: 'gpg', signature: Buffer.from('signed').toString('base64') }])
    expect(loose).toEqual([])
  })

  it('gets the password when it asks for one', async () => {
    const upstream = await testUpstream()
    await pushImage(upstream.registry)
    const want = `Basic ${Buffer.from('robot:puller').toString('base64')}`
    upstream.instead = ({ headers }) =>
      headers.get('authorization') === want
        ? undefined
        : new Response('', { status: 401, headers: { 'www-authenticate': 'Basic realm="here"' } })
    await expect(pull(upstream.host, [upstream.settings()])).rejects.toThrowWithCode(OciError, 'UNAUTHORIZED')
    const credentials = { username: 'robot', password: 'puller' }
    expect(await pull(upstream.host, [upstream.settings({ credentials })])).toMatchObject({ reference: 'os/web:1' })
  })

  it('gets a token for the password', async () => {
    const upstream = await testUpstream()
    await pushImage(upstream.registry, 'private/web')
    upstream.instead = ({ url, headers }) =>
      url.includes('/v2/os/') && headers.get('authorization') === null
        ? new Response('', {
            status: 401,
            headers: { 'www-authenticate': `Bearer realm="http://${upstream.host}/v2/token",service="landfall"` },
          })
        : undefined
    await pushImage(upstream.registry)
    const settings = upstream.settings({ credentials: { username: 'robot', password: 'puller' } })
    expect(await pull(upstream.host, [settings])).toMatchObject({ reference: 'os/web:1' })
    expect(upstream.requests).toContain('GET /v2/token')
  })

  it('is reached through its proxy', async () => {
    const upstream = await testUpstream()
    await pushImage(upstream.registry)
    const asked: string[] = []
    const proxy = createServer((request, response) => {
      asked.push(request.url!)
      void fetch(request.url!).then(async (answer) => {
        const type = answer.headers.get('content-type')
        response.writeHead(answer.status, type === null ? {} : { 'content-type': type })
        response.end(Buffer.from(await answer.arrayBuffer()))
      })
    })
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void proxy.close())
    const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
    await pull(upstream.host, [upstream.settings({ proxy: url })])
    expect(asked).toContain(`http://${upstream.host}/v2/os/web/manifests/1`)
  })
})

describe('mirrors', () => {
  it('are asked first, below their path', async () => {
    const upstream = await testUpstream()
    const mirror = await mirrorOf(await pushImage(upstream.registry))
    const settings = [upstream.settings({ mirrors: [`${mirror.host}/copies`] }), mirror.settings()]
    expect(await pull(upstream.host, settings)).toMatchObject({ reference: 'os/web:1' })
    expect(blobRequests(upstream)).toEqual([])
    expect(blobRequests(mirror)).not.toEqual([])
  })

  it('that are away, lack it, or fail are passed over', async () => {
    const upstream = await testUpstream()
    const image = await pushImage(upstream.registry)
    const empty = await testUpstream()
    const broken = await testUpstream()
    broken.instead = () => new Response('out of order', { status: 500 })
    const mirrors = ['127.0.0.1:1', empty.host, broken.host]
    const settings = [upstream.settings({ mirrors }), empty.settings(), broken.settings()]
    expect(await pull(upstream.host, settings)).toMatchObject({ digest: image.manifest.digest })
  })

  it('with other bytes under the same digest are passed over', async () => {
    const upstream = await testUpstream()
    const image = await pushImage(upstream.registry)
    const mirror = await mirrorOf(image)
    mirror.instead = ({ url }) =>
      url.includes('/blobs/') ? new Response('x'.repeat(image.layers[0]!.bytes.length)) : undefined
    const settings = [upstream.settings({ mirrors: [`${mirror.host}/copies`] }), mirror.settings()]
    expect(await pull(upstream.host, settings)).toMatchObject({ digest: image.manifest.digest })
    expect(blobRequests(upstream)).toHaveLength(2)
  })

  it('are named when nobody has it', async () => {
    const upstream = await testUpstream()
    const result = pull(upstream.host, [upstream.settings({ mirrors: ['127.0.0.1:1'] })])
    await expect(result).rejects.toThrowWithCode(OciError, 'MANIFEST_UNKNOWN')
    await expect(result).rejects.toThrow(/its mirrors: .*127\.0\.0\.1:1/)
  })
})

describe('a prefix', () => {
  const upstreams = new Upstreams([
    { registry: 'a.example', mirrors: [], insecure: false, prefix: 'hub' },
    { registry: 'b.example', mirrors: [], insecure: false, prefix: 'hub/b' },
  ])

  it.each([
    ['hub/os/web', 'a.example', 'os/web'],
    ['hub/b/os/web', 'b.example', 'os/web'],
    ['hub', undefined, undefined],
    ['hubs/os', undefined, undefined],
  ])('leads from %s to %s', (name, registry, repository) => {
    const found = upstreams.behind(name)
    expect([found?.upstream.registry, found?.repository]).toEqual([registry, repository])
  })
})
