import { randomBytes } from 'node:crypto'
import { describe, expect, it, onTestFinished } from 'vitest'
import { trustHint } from '../../../server/contract/trust.ts'
import type { ContentGate, ContentVerdict } from '../../../server/core/layers.ts'
import type { TrustCheck } from '../../../server/core/trust.ts'
import { WholeImages } from '../../../server/core/whole-images.ts'
import { ImageService } from '../../../server/oci/image-service.ts'
import { OciError } from '../../../server/oci/errors.ts'
import { Prefetch } from '../../../server/oci/prefetch.ts'
import { PullThrough } from '../../../server/oci/pull-through.ts'
import { storedSignatures } from '../../../server/oci/signature-places.ts'
import { readSignatures } from '../../../server/oci/signatures.ts'
import { Upstreams } from '../../../server/oci/upstreams.ts'
import { testClock } from '../../helpers/clock.ts'
import { fixtureImage, fixtureIndex } from '../../helpers/image-fixtures.ts'
import { testRegistry } from '../../helpers/registry.ts'
import { testUpstream } from '../../helpers/upstream.ts'
import type { TestUpstream } from '../../helpers/upstream.ts'
import { OCI_INDEX, pushBlobs, pushImage, pushManifest, pushSignature } from './registry/support.ts'

const REFERENCE = 'hub/os/web:1'
const ignore = () => {}
/** On a host that has other work, too. */
const POLL = { timeout: 20_000 }

/** `hub/...` is that of an upstream with `os/web:1`, which `demand` may name. */
async function site({
  demand = [] as string[],
  refused = false,
  layerBytes = 10,
  mirrors = [] as TestUpstream[],
} = {}) {
  const upstream = await testUpstream()
  const image = await fixtureImage([{ 'usr/a': randomBytes(layerBytes / 2).toString('hex') }])
  for (const { registry } of [upstream, ...mirrors]) {
    await pushBlobs(registry, 'os/web', image)
    await pushManifest(registry, '/v2/os/web/manifests/1', image.manifest.bytes)
  }
  const clock = testClock()
  const here = await testRegistry()
  const through = new PullThrough({
    ...here,
    upstreams: new Upstreams([
      upstream.settings({ prefix: 'hub', mirrors: mirrors.map(({ host }) => host) }),
      ...mirrors.map((mirror) => mirror.settings()),
    ]),
    freshMs: 0,
    now: () => clock.now(),
  })
  const isSigned = async ({ repository, digest }: { repository: string; digest: string }) =>
    (await readSignatures(storedSignatures(here.blobs, here.records, repository), digest)).evidence.length > 0
  const refusal = { code: 'IMAGE_UNSIGNED', message: 'no signature', policy: { require: 'key' } }
  const trust = {
    check: async (one: { repository: string; digest: string }) =>
      ({ verdict: refused && !(await isSigned(one)) ? refusal : { code: null } }) as TrustCheck,
  }
  const images = new ImageService(here.blobs, here.records, { through, arrival: (one) => prefetch.of(one) })
  const errors: unknown[] = []
  const prefetch = new Prefetch({
    ...here,
    images,
    through,
    trust,
    demand: () => demand.map((reference) => ({ reference, architecture: 'amd64' })),
    onError: (_, error) => errors.push(error),
    now: () => clock.now(),
  })
  onTestFinished(async () => {
    const ended = prefetch.stop()
    await through.stop()
    await ended
  })
  const asked = (what: string) => upstream.requests.filter((request) => request.includes(what)).length
  const platform = { repository: 'hub/os/web', digest: image.manifest.digest }
  const isHere = () => here.records.blob('hub/os/web', image.layers[0]!.digest) !== undefined
  return { upstream, image, here, images, prefetch, clock, errors, asked, platform, isHere }
}

describe('an image of another registry', () => {
  it('resolves without having been asked for before', async () => {
    const { images, image, isHere } = await site()
    expect(await images.resolve(REFERENCE, 'amd64')).toMatchObject({
      repository: 'hub/os/web',
      digest: image.manifest.digest,
      followReference: REFERENCE,
    })
    expect(isHere()).toBe(false)
  })

  it('resolves to the manifest of one architecture of an index, and fetches no other', async () => {
    const { upstream, images, image } = await site()
    const arm = await pushImage(upstream.registry, 'os/web', 'arm')
    const index = fixtureIndex([
      { image, architecture: 'amd64' },
      { image: arm, architecture: 'arm64' },
    ])
    await pushManifest(upstream.registry, '/v2/os/web/manifests/all', index.bytes, { 'content-type': OCI_INDEX })
    expect(await images.resolve('hub/os/web:all', 'amd64')).toMatchObject({ digest: image.manifest.digest })
    expect(upstream.requests.filter((request) => request.includes(arm.manifest.digest))).toEqual([])
  })

  it('is not found, with the reason, when its registry is away', async () => {
    const { upstream, images } = await site()
    upstream.instead = () => new Response('', { status: 401 })
    expect(await images.resolve(REFERENCE, 'amd64')).toMatchObject({
      code: 'IMAGE_NOT_FOUND',
      message: expect.stringContaining(upstream.host) as string,
    })
  })

  it('is found when its configuration comes at the second try', async () => {
    const { upstream, images, image } = await site()
    upstream.instead = ({ url }) => (url.endsWith(image.config.digest) ? new Response('', { status: 403 }) : undefined)
    expect(await images.resolve(REFERENCE, 'amd64')).toMatchObject({ code: 'IMAGE_NOT_FOUND' })
    upstream.instead = undefined
    expect(await images.resolve(REFERENCE, 'amd64')).toMatchObject({ digest: image.manifest.digest })
  })

  it('says how much of it is here', async () => {
    const { images, image } = await site()
    await images.resolve(REFERENCE, 'amd64')
    const [platform] = (await images.get('hub/os/web', '1'))!.platforms
    const { length } = image.layers[0]!.bytes
    expect(platform!.arrival).toEqual({
      state: 'later',
      layers: 0,
      totalLayers: 1,
      bytes: 0,
      totalBytes: length,
      problem: null,
    })
  })
})

describe('prefetching', () => {
  it('fetches what machines and profiles name, once, and does not look again for what is here', async () => {
    const { prefetch, asked, image, isHere, errors } = await site({ demand: [REFERENCE, 'os/own:1', 'NO REFERENCE'] })
    await prefetch.keepUp()
    await expect.poll(isHere, POLL).toBe(true)
    await prefetch.keepUp()
    expect([asked('manifests/1'), asked(image.layers[0]!.digest)]).toEqual([1, 1])
    expect(errors.map((error) => (error as OciError).code)).toEqual(['REFERENCE_INVALID', 'REFERENCE_INVALID'])
  })

  it('tells of its progress, and ends with the image', async () => {
    const { prefetch, isHere } = await site()
    const told: number[] = []
    const image = await prefetch.fetch(REFERENCE, ({ totalBytes }) => told.push(totalBytes))
    expect([image.reference, isHere()]).toEqual([REFERENCE, true])
    expect(image.platforms[0]!.arrival).toBeUndefined()
    expect(told.length).toBeGreaterThan(0)
  })

  it('is for repositories of other registries, by tag', async () => {
    const { prefetch } = await site()
    for (const reference of ['os/web:1', `hub/os/web@sha256:${'0'.repeat(64)}`]) {
      await expect(prefetch.fetch(reference, ignore)).rejects.toThrowWithCode(OciError, 'REFERENCE_INVALID')
    }
    await expect(prefetch.fetch('hub/os/none:1', ignore)).rejects.toThrowWithCode(OciError, 'MANIFEST_UNKNOWN')
  })

  it('costs no layers when the policy refuses', async () => {
    const { prefetch, asked, image } = await site({ refused: true })
    const fetched = prefetch.fetch(REFERENCE, ignore)
    await expect(fetched).rejects.toThrow('the image is not trusted: no signature')
    await expect(fetched).rejects.toMatchObject({ code: 'IMAGE_UNSIGNED', hint: trustHint('IMAGE_UNSIGNED') })
    expect(asked(image.layers[0]!.digest)).toBe(0)
  })

  it('brings an image that was signed after it had been refused', async () => {
    const { prefetch, images, upstream, image, platform, isHere } = await site({ refused: true })
    await images.resolve(REFERENCE, 'amd64')
    await prefetch.want(platform)
    await expect.poll(() => prefetch.of(platform), POLL).toMatchObject({ problem: { code: 'IMAGE_UNSIGNED' } })
    await pushSignature(upstream.registry, 'os/web', image)
    await prefetch.keepUp()
    await expect.poll(isHere, POLL).toBe(true)
  })

  it('is tried again at once when a person asks, who hears why it fails', async () => {
    const { prefetch, images, upstream, platform, isHere } = await site()
    await images.resolve(REFERENCE, 'amd64')
    upstream.instead = ({ url }) => (url.includes('/blobs/') ? new Response('', { status: 404 }) : undefined)
    await prefetch.want(platform)
    await expect.poll(() => prefetch.of(platform), POLL).toMatchObject({ state: 'failed' })
    await expect(prefetch.fetch(REFERENCE, ignore)).rejects.toThrowWithCode(OciError, 'BLOB_UNKNOWN')
    upstream.instead = undefined
    await prefetch.fetch(REFERENCE, ignore)
    expect(isHere()).toBe(true)
  })

  it('goes on with the registry when a mirror breaks off', async () => {
    const mirror = await testUpstream()
    const { prefetch, images, upstream, image, platform } = await site({ mirrors: [mirror], layerBytes: 1_000_000 })
    await images.resolve(REFERENCE, 'amd64')
    const { digest, bytes } = image.layers[0]!
    const rest = Promise.withResolvers<void>()
    const slowly = async function* () {
      yield bytes.subarray(0, -1)
      await rest.promise
      yield bytes.subarray(-1)
    }
    mirror.instead = ({ url }) => (url.endsWith(digest) ? new Response(Buffer.alloc(bytes.length / 2)) : undefined)
    upstream.instead = ({ url }) => (url.endsWith(digest) ? new Response(ReadableStream.from(slowly())) : undefined)
    await prefetch.want(platform)
    await expect
      .poll(() => prefetch.of(platform), POLL)
      .toMatchObject({ state: 'fetching', layers: 0, bytes: bytes.length - 1 })
    rest.resolve()
    await expect.poll(() => prefetch.of(platform), POLL).toBeUndefined()
  })

  it('says what failed, tries it again each minute, and forgets it when nobody wants it any more', async () => {
    const { prefetch, images, upstream, platform, clock, isHere } = await site()
    await images.resolve(REFERENCE, 'amd64')
    upstream.instead = ({ url }) => (url.includes('/blobs/') ? new Response('', { status: 404 }) : undefined)
    await prefetch.want(platform)
    await expect
      .poll(() => prefetch.of(platform), POLL)
      .toMatchObject({ state: 'failed', problem: { code: 'BLOB_UNKNOWN' } })
    clock.advance(200_000)
    await prefetch.keepUp()
    expect(await prefetch.of(platform)).toMatchObject({ state: 'later' })
    await prefetch.want(platform)
    await expect.poll(() => prefetch.of(platform), POLL).toMatchObject({ state: 'failed' })
    upstream.instead = undefined
    await prefetch.keepUp()
    await expect.poll(isHere, POLL).toBe(true)
    expect(await prefetch.of(platform)).toBeUndefined()
  })
})

describe('an install', () => {
  const contents = (verdict: ContentVerdict): ContentGate => ({
    check: () => Promise.resolve(verdict),
    settled: () => new Promise(ignore),
  })

  it('waits until all layers are here, and hears of each', async () => {
    const { prefetch, images, platform } = await site()
    await images.resolve(REFERENCE, 'amd64')
    const gate = new WholeImages({ arrivals: prefetch, contents: contents({ state: 'read', layers: [] }) })
    const news = gate.settled()
    expect(await gate.check(platform)).toEqual({ state: 'fetching', layers: 0, totalLayers: 1, problem: undefined })
    await news
    await expect.poll(() => gate.check(platform), POLL).toEqual({ state: 'read', layers: [] })
  })

  it('is refused at once for what is known to be wrong', async () => {
    const { prefetch, images, platform } = await site()
    await images.resolve(REFERENCE, 'amd64')
    const bomb: ContentVerdict = { state: 'refused', code: 'LAYER_BOMB', message: 'it grows', hint: '' }
    expect(await new WholeImages({ arrivals: prefetch, contents: contents(bomb) }).check(platform)).toEqual(bomb)
  })

  it('waits for nothing with an image that is only here', async () => {
    const { prefetch, here } = await site()
    const own = await pushImage(here, 'os/own')
    const gate = new WholeImages({ arrivals: prefetch, contents: contents({ state: 'read', layers: [] }) })
    expect(await gate.check({ repository: 'os/own', digest: own.manifest.digest })).toEqual({
      state: 'read',
      layers: [],
    })
  })
})
