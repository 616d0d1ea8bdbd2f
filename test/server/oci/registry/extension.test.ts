// GPG signatures by the extension that podman and skopeo know.
import { describe, expect, it } from 'vitest'
import { MAX_SIGNATURES } from '../../../../server/contract/trust.ts'
import { GPG_SIGNATURE } from '../../../../server/oci/signature-artifact.ts'
import { keepSignatures } from '../../../../server/oci/signature-keeping.ts'
import { digestOf } from '../../../../server/oci/verify.ts'
import { testRegistry } from '../../../helpers/registry.ts'
import type { TestRegistry } from '../../../helpers/registry.ts'
import { pushBlob, pushImage, pushManifest, referrer, refusal } from './support.ts'

const SIGNATURE = Buffer.from('an OpenPGP message')
const EMPTY = Buffer.from('{}')
const NOWHERE = `sha256:${'0'.repeat(64)}`

function put({ call }: TestRegistry, digest: string, content: Buffer, more: object = {}) {
  const body = { schemaVersion: 2, name: `${digest}@x`, type: 'atomic', content: content.toString('base64'), ...more }
  return call('PUT', `/extensions/v2/os/web/signatures/${digest}`, { body: JSON.stringify(body) })
}

async function signatures({ call }: TestRegistry, digest: string): Promise<{ content: string }[]> {
  const answer = await call('GET', `/extensions/v2/os/web/signatures/${digest}`, { as: 'nobody' })
  return ((await answer.json()) as { signatures: { content: string }[] }).signatures
}

describe('GPG signatures in the registry', () => {
  it('are announced, also to those who have to log in first', async () => {
    const { call } = await testRegistry()
    for (const as of ['puller', 'nobody'] as const) {
      expect((await call('GET', '/v2/', { as })).headers.get('x-registry-supports-signatures')).toBe('1')
    }
  })

  it('are put beside the image once, and handed out as they came', async () => {
    const registry = await testRegistry()
    const { digest } = (await pushImage(registry)).manifest
    expect(await signatures(registry, digest)).toEqual([])
    for (const _ of [1, 2]) expect((await put(registry, digest, SIGNATURE)).status).toBe(201)
    const content = SIGNATURE.toString('base64')
    expect(await signatures(registry, digest)).toEqual([
      { schemaVersion: 2, name: expect.stringMatching(/^sha256:[0-9a-f]{64}@[0-9a-f]{32}$/), type: 'atomic', content },
    ])
  })

  it('are manifests that refer to the image', async () => {
    const registry = await testRegistry()
    const { digest, bytes } = (await pushImage(registry)).manifest
    await put(registry, digest, SIGNATURE)
    const listed = await registry.call('GET', `/v2/os/web/referrers/${digest}`)
    const { manifests } = (await listed.json()) as { manifests: { digest: string; artifactType: string }[] }
    expect(manifests).toMatchObject([{ artifactType: GPG_SIGNATURE }])
    const answer = await registry.call('GET', `/v2/os/web/manifests/${manifests[0]!.digest}`)
    expect(await answer.json()).toMatchObject({ subject: { digest, size: bytes.length }, artifactType: GPG_SIGNATURE })
  })

  it('are none of an image that nobody knows', async () => {
    expect(await signatures(await testRegistry(), NOWHERE)).toEqual([])
  })

  it('need a right to push, and what is private a right to pull', async () => {
    const { call } = await testRegistry()
    const path = (repository: string) => `/extensions/v2/${repository}/signatures/${NOWHERE}`
    expect(await refusal(call('PUT', path('os/web'), { as: 'puller', body: '{}' }))).toEqual([403, 'DENIED'])
    expect(await refusal(call('GET', path('private/web'), { as: 'nobody' }))).toEqual([401, 'UNAUTHORIZED'])
  })

  it('are refused for an image that is not here', async () => {
    expect(await refusal(put(await testRegistry(), NOWHERE, SIGNATURE))).toEqual([404, 'MANIFEST_UNKNOWN'])
  })

  it.each<[string, object]>([
    ['no content', { content: '' }],
    ['a content that is no base64', { content: '?' }],
    ['another type', { type: 'other' }],
    ['another version', { schemaVersion: 1 }],
  ])('are refused with %s', async (_, more) => {
    const registry = await testRegistry()
    const { digest } = (await pushImage(registry)).manifest
    expect(await refusal(put(registry, digest, SIGNATURE, more))).toEqual([400, 'MANIFEST_INVALID'])
  })

  it('are refused when they are too large', async () => {
    const registry = await testRegistry()
    const { digest } = (await pushImage(registry)).manifest
    expect(await refusal(put(registry, digest, Buffer.alloc(300_000)))).toEqual([400, 'MANIFEST_INVALID'])
    expect(await refusal(put(registry, digest, Buffer.alloc(600_000)))).toEqual([400, 'SIZE_INVALID'])
  })

  it('are refused when nobody would read them, as the image has too many of all kinds', async () => {
    const registry = await testRegistry()
    const { digest, bytes } = (await pushImage(registry)).manifest
    const loose = Array.from({ length: MAX_SIGNATURES - 1 }, (_, i) => Buffer.from(`signature ${i}`))
    const found = { manifests: [], blobs: [], loose }
    await keepSignatures(registry.blobs, registry.records, { repository: 'os/web', digest }, found, new Date())
    const bundle = { mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json', digest: digestOf(EMPTY), size: 2 }
    await pushBlob(registry, 'os/web', EMPTY)
    const about = referrer({ digest, size: bytes.length }, { layers: [bundle] })
    await pushManifest(registry, `/v2/os/web/manifests/${digestOf(about)}`, about)
    expect(await refusal(put(registry, digest, SIGNATURE))).toEqual([400, 'UNSUPPORTED'])
    expect((await put(registry, digest, Buffer.from('signature 0'))).status).toBe(201)
  })
})
