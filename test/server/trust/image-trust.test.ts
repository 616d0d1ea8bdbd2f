import { describe, expect, it } from 'vitest'
import type { TrustEvidence, TrustPolicy } from '../../../server/contract/trust.ts'
import { ImageTrust } from '../../../server/trust/image-trust.ts'
import { readPayload } from '../../../server/trust/simple-signing.ts'
import { GPG_KEY } from '../../helpers/gpg-key.ts'
import { signingKey, simplePayload, simpleSignature } from '../../helpers/signatures.ts'
import { testCore } from '../../helpers/store-fakes.ts'

const DIGEST = `sha256:${'a'.repeat(64)}`
const IMAGE = { repository: 'os/web', digest: DIGEST }
const key = signingKey()
const byKey: TrustPolicy = { require: 'key', pattern: 'os/*', keys: [key.pem] }

function scene(policies: TrustPolicy[]) {
  const { store, events, clock } = testCore()
  const signatures: TrustEvidence[] = []
  const asked: string[] = []
  const trust = new ImageTrust({
    policies,
    fallback: 'accept',
    signatures: async (repository, digest) => (asked.push(`${repository}@${digest}`), signatures),
    manifest: async () => Buffer.from(JSON.stringify({ manifests: [{ digest: DIGEST }] })),
    claimByGpg: async (message) => ({ ...readPayload(message), signer: 'GPG key ABCD' }),
    records: store.verdicts,
    events,
    clock,
  })
  const told = () => store.events.after(0, 100, {}).filter(({ type }) => type === 'image.judged')
  return { trust, signatures, asked, store, told, clock }
}

describe('image trust', () => {
  it('stores a verdict, tells it once, and again when it changes', async () => {
    const { trust, signatures, store, told, clock } = scene([byKey])
    expect((await trust.check(IMAGE)).verdict).toMatchObject({ trusted: false, code: 'IMAGE_UNSIGNED' })
    const first = store.verdicts.verdict('os/web', DIGEST)
    clock.advance(60_000)
    await trust.check(IMAGE)
    expect(store.verdicts.verdict('os/web', DIGEST)).toEqual(first)
    signatures.push(simpleSignature(key, { digest: DIGEST }))
    expect((await trust.check(IMAGE)).verdict.trusted).toBe(true)
    expect(store.verdicts.verdict('os/web', DIGEST)).toMatchObject({ trusted: true })
    expect(told().map(({ data }) => data['code'])).toEqual(['IMAGE_UNSIGNED', null])
  })

  it('hands out policy and evidence with the verdict, so that others can judge again', async () => {
    const { trust, signatures } = scene([byKey])
    signatures.push(simpleSignature(key, { digest: DIGEST }))
    expect((await trust.check(IMAGE)).basis).toEqual({ policy: byKey, evidence: signatures })
  })

  it('hands out the digest alone, with what the signature was held against, where the installer cannot judge again', async () => {
    const { trust, signatures } = scene([{ require: 'gpg', pattern: 'os/*', keys: [GPG_KEY.armored] }])
    const unsigned = await trust.check(IMAGE)
    expect(unsigned).toMatchObject({ verdict: { code: 'IMAGE_UNSIGNED' }, basis: { policy: { require: 'gpg' } } })
    const payload = simplePayload({ digest: DIGEST, type: 'atomic container signature' })
    signatures.push({ kind: 'gpg', signature: payload.toString('base64') })
    const { basis, verdict } = await trust.check(IMAGE)
    expect(verdict).toMatchObject({ trusted: true, enforcedAfterwards: true, policy: { require: 'gpg' } })
    expect(basis).toEqual({
      policy: { require: 'digest', pattern: 'os/*', digests: [DIGEST] },
      evidence: [],
      gpg: { keyring: expect.any(String), signedAs: 'registry.example/os/web' },
    })
    expect(Buffer.from(basis.gpg!.keyring, 'base64')[0]).toBe(0x98)
  })

  it('looks for no signatures where none is needed, and tells no news of it', async () => {
    const { trust, asked, told } = scene([{ require: 'reject', pattern: 'closed' }])
    expect((await trust.check(IMAGE)).verdict).toMatchObject({ trusted: true, policy: { require: 'accept' } })
    expect((await trust.check({ ...IMAGE, repository: 'closed' })).verdict.code).toBe('IMAGE_REJECTED')
    expect(asked).toEqual([])
    expect(told()).toHaveLength(1)
  })

  it('lists the policies by how closely they fit, the default last', () => {
    const { trust } = scene([{ require: 'reject', pattern: 'a/*' }, byKey, { require: 'accept', pattern: 'os/web' }])
    expect(trust.policies().map(({ pattern }) => pattern)).toEqual(['os/web', 'os/*', 'a/*', '*'])
  })
})
