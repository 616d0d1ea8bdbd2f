// Signatures on their way from a registry into the store: by tag, and by reference.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serve } from '@hono/node-server'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MAX_SIGNATURE_BYTES } from '../../../server/contract/trust.ts'
import type { TrustEvidence } from '../../../server/contract/trust.ts'
import { BlobStore } from '../../../server/oci/blob-store.ts'
import { ImageService } from '../../../server/oci/image-service.ts'
import { OCI_CONFIG, OCI_INDEX, OCI_MANIFEST } from '../../../server/oci/media-types.ts'
import { readManifest } from '../../../server/oci/manifest-facts.ts'
import { storedSignatures } from '../../../server/oci/signature-places.ts'
import { digestTag, isDigestTag, readSignatures } from '../../../server/oci/signatures.ts'
import { digestOf } from '../../../server/oci/verify.ts'
import { fixtureImage } from '../../helpers/image-fixtures.ts'
import type { FixtureImage } from '../../helpers/image-fixtures.ts'
import { memoryImageRecords } from '../../helpers/image-records.ts'
import { registryOver } from '../../helpers/registry.ts'
import { keyBundle, signingKey, simpleSignature, statement } from '../../helpers/signatures.ts'

const key = signingKey()
const NOW = '2026-01-31T12:00:00.000Z'
const SIMPLE = 'application/vnd.dev.cosign.simplesigning.v1+json'
const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json'

let folder: string
let upstream: { blobs: BlobStore; records: ReturnType<typeof memoryImageRecords> }
let image: FixtureImage
let digest: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'landfall-signatures-'))
  upstream = { blobs: await BlobStore.open(join(folder, 'upstream')), records: memoryImageRecords() }
  image = await fixtureImage([{ 'usr/a': 'one' }])
  digest = image.manifest.digest
  for (const { bytes } of [image.manifest, image.config, ...image.layers]) await upstream.blobs.put(bytes)
  record(image.manifest.bytes, '1')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** Records a manifest whose bytes are stored. */
function record(bytes: Uint8Array, tag?: string): string {
  const facts = readManifest(bytes)
  const manifest = { repository: 'os/web', digest: digestOf(bytes), mediaType: facts.mediaType, addedAt: NOW }
  upstream.records.put([{ ...facts, ...manifest }], tag === undefined ? [] : [{ ...manifest, tag }])
  return manifest.digest
}

/** Puts a manifest with one layer upstream; under a tag, or by its digest alone. */
async function put(mediaType: string, content: Buffer, annotations: object = {}, tag?: string): Promise<string> {
  const { blobs } = upstream
  const config = Buffer.from('{}')
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config: { mediaType: OCI_CONFIG, digest: await blobs.put(config), size: config.length },
      layers: [{ mediaType, digest: await blobs.put(content), size: content.length, annotations }],
    }),
  )
  await blobs.put(manifest)
  return record(manifest, tag)
}

async function list(...referrers: string[]): Promise<void> {
  const manifests = await Promise.all(
    referrers.map(async (digest) => ({ mediaType: OCI_MANIFEST, digest, size: (await upstream.blobs.size(digest))! })),
  )
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }))
  await upstream.blobs.put(bytes)
  record(bytes, digestTag(digest))
}

const simple = simpleSignature(key, { digest: `sha256:${'a'.repeat(64)}` })
const putSimple = (size = 0) =>
  put(
    SIMPLE,
    Buffer.concat([Buffer.from(simple.payload, 'base64'), Buffer.alloc(size)]),
    { 'dev.cosignproject.cosign/signature': simple.signature },
    digestTag(digest, '.sig'),
  )
const bundle = keyBundle(key, statement(`sha256:${'a'.repeat(64)}`))

/** Pulls the image into a store of its own, `times` over, and reads what is there of signatures. */
async function pulled(times = 1): Promise<{ evidence: TrustEvidence[]; listed: string[]; tags: string[] }> {
  const server = serve({
    fetch: (await registryOver(upstream.blobs, upstream.records)).fetch,
    port: 0,
    hostname: '127.0.0.1',
  })
  try {
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    const blobs = await BlobStore.open(join(folder, 'here'))
    const records = memoryImageRecords()
    const images = new ImageService(blobs, records)
    for (let time = 0; time < times; time++) {
      await images.pull({ reference: `127.0.0.1:${port}/os/web:1`, as: 'web:1', insecure: true }, () => {})
    }
    const { evidence } = await readSignatures(storedSignatures(blobs, records, 'web'), digest)
    const listed = (await images.list()).map(({ reference }) => reference)
    return { evidence, listed, tags: records.tags().map(({ tag }) => tag) }
  } finally {
    server.close()
  }
}

describe('signatures', () => {
  it('come with the image, in either form, and are found again', async () => {
    await putSimple()
    await list(await put(BUNDLE, Buffer.from(bundle.bundle)))
    const { evidence, listed, tags } = await pulled()
    expect(evidence).toEqual([simple, bundle])
    expect(listed).toEqual(['web:1'])
    expect(tags.toSorted()).toEqual(['1', digestTag(digest, '.sig')])
  })

  it('are kept once, however often the image is pulled', async () => {
    await list(await put(BUNDLE, Buffer.from(bundle.bundle)))
    expect((await pulled(2)).evidence).toEqual([bundle])
  })

  it('that are too large, or something else, are left where they are', async () => {
    await putSimple(MAX_SIGNATURE_BYTES)
    await list(await put('application/spdx+json', Buffer.from('{}')))
    expect((await pulled()).evidence).toEqual([])
  })

  it('that are damaged are left out, and the others still found', async () => {
    await putSimple()
    await list(await put(BUNDLE, Buffer.from(bundle.bundle)))
    const payload = Buffer.from(simple.payload, 'base64')
    await writeFile(upstream.blobs.file(digestOf(payload)), Buffer.alloc(payload.length))
    expect((await pulled()).evidence).toEqual([bundle])
  })

  it('are none where none are', async () => {
    expect(await pulled()).toMatchObject({ evidence: [], tags: ['1'] })
  })
})

describe('tags made of digests', () => {
  it.each([
    [digestTag(`sha256:${'a'.repeat(64)}`), true],
    [digestTag(`sha256:${'a'.repeat(64)}`, '.sig'), true],
    ['sha256-short', false],
    ['stable', false],
  ])('are told from names: %s', (tag, is) => {
    expect(isDigestTag(tag)).toBe(is)
  })
})
