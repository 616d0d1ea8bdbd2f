import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TrustEvidence, TrustPolicy } from '../../../server/contract/trust.ts'
import type { ClaimByGpg } from '../../../server/trust/claim.ts'
import { judge } from '../../../server/trust/judge.ts'
import { readPayload } from '../../../server/trust/simple-signing.ts'
import { keyBundle, signingKey, simplePayload, simpleSignature, statement } from '../../helpers/signatures.ts'
import type { SimpleContent } from '../../helpers/signatures.ts'

const DIGEST = `sha256:${'a'.repeat(64)}`
const OTHER = `sha256:${'b'.repeat(64)}`
const IMAGE = { repository: 'os/web', digest: DIGEST }
const NOW = new Date('2026-01-31T12:00:00.000Z')
const DAY_S = 24 * 3600

const ours = signingKey()
const stranger = signingKey()
const byKey: TrustPolicy = { require: 'key', pattern: 'os/*', keys: [ours.pem] }

const verdictOf = (policy: TrustPolicy, ...evidence: TrustEvidence[]) => judge({ policy, evidence }, IMAGE, NOW)

describe('policies without signatures', () => {
  it('accept whatever there is, and say that nobody looked', async () => {
    expect(await verdictOf({ require: 'accept', pattern: '*' })).toMatchObject({
      trusted: true,
      code: null,
      evidence: null,
      policy: { pattern: '*', require: 'accept' },
      checkedAt: NOW.toISOString(),
    })
  })

  it('reject, also what is signed well', async () => {
    const signed = simpleSignature(ours, { digest: DIGEST })
    expect(await verdictOf({ require: 'reject', pattern: '*' }, signed)).toMatchObject({ code: 'IMAGE_REJECTED' })
  })

  it('take a pinned digest, and no other', async () => {
    const pinned: TrustPolicy = { require: 'digest', pattern: 'os/web', digests: [DIGEST] }
    expect(await verdictOf(pinned)).toMatchObject({ trusted: true, evidence: { kind: 'pin', digest: DIGEST } })
    expect(await judge({ policy: pinned, evidence: [] }, { ...IMAGE, digest: OTHER }, NOW)).toMatchObject({
      code: 'DIGEST_NOT_PINNED',
    })
  })

  it('take the digest of an index that lists the image, and not of one that does not', async () => {
    const index = (digest: string) => Buffer.from(JSON.stringify({ manifests: [{ digest }] }))
    const digestOf = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`
    const pinned = (bytes: Buffer): TrustPolicy => ({ require: 'digest', pattern: '*', digests: [digestOf(bytes)] })
    const evidence = (bytes: Buffer): TrustEvidence => ({ kind: 'index', bytes: bytes.toString('base64') })
    const [good, bad] = [index(DIGEST), index(OTHER)]
    expect(await verdictOf(pinned(good), evidence(good))).toMatchObject({ trusted: true, evidence: { kind: 'index' } })
    expect(await verdictOf(pinned(bad), evidence(bad))).toMatchObject({ code: 'DIGEST_NOT_PINNED' })
    // The index that lists it is not the one that is pinned.
    expect(await verdictOf(pinned(bad), evidence(good))).toMatchObject({ code: 'DIGEST_NOT_PINNED' })
  })
})

describe('GPG signatures', () => {
  const byGpg: TrustPolicy = { require: 'gpg', pattern: 'os/*', keys: ['ARMORED'] }
  /** Whatever the message holds is what ARMORED has signed. */
  const claimByGpg: ClaimByGpg = async (message, keys) => ({ ...readPayload(message), signer: `GPG key ${keys[0]}` })
  const signed = (content: SimpleContent): TrustEvidence => {
    const payload = simplePayload({ type: 'atomic container signature', ...content })
    return { kind: 'gpg', signature: payload.toString('base64') }
  }
  const judged = (...evidence: TrustEvidence[]) => judge({ policy: byGpg, evidence }, IMAGE, NOW, claimByGpg)

  it('are taken as gpg says, and can be held against later images', async () => {
    expect(await judged(signed({ digest: DIGEST }))).toMatchObject({
      trusted: true,
      enforcedAfterwards: true,
      evidence: { kind: 'gpg', signer: 'GPG key ARMORED', reference: 'registry.example/os/web' },
    })
  })

  it.each<[string, string, TrustEvidence[]]>([
    ['none', 'IMAGE_UNSIGNED', []],
    ['only one by another kind of key', 'IMAGE_UNSIGNED', [simpleSignature(ours, { digest: DIGEST })]],
    ['one of another image', 'SIGNATURE_OTHER_DIGEST', [signed({ digest: OTHER })]],
    ['one of another repository', 'SIGNATURE_OTHER_REPOSITORY', [signed({ digest: DIGEST, reference: 'r.example/x' })]],
    ['one of something else', 'SIGNATURE_INVALID', [signed({ digest: DIGEST, type: 'a letter' })]],
  ])('refuse an image that has %s', async (_, code, evidence) => {
    expect(await judged(...evidence)).toMatchObject({ trusted: false, code })
  })

  it('count for nothing where another kind of key is wanted, or gpg is not to be had', async () => {
    expect(await verdictOf(byKey, signed({ digest: DIGEST }))).toMatchObject({ code: 'IMAGE_UNSIGNED' })
    expect(await verdictOf(byGpg, signed({ digest: DIGEST }))).toMatchObject({ code: 'GPG_UNAVAILABLE' })
  })
})

describe('simple signatures by key', () => {
  it.each(['ec', 'rsa', 'ed25519'] as const)('are taken (%s), with who, what and when', async (type) => {
    const key = signingKey(type)
    const seconds = NOW.getTime() / 1000 - 60
    const signed = simpleSignature(key, { digest: DIGEST, optional: { creator: 'x', timestamp: seconds } })
    const verdict = await verdictOf({ require: 'key', pattern: 'os/web', keys: [stranger.pem, key.pem] }, signed)
    expect(verdict).toMatchObject({
      trusted: true,
      enforcedAfterwards: true,
      evidence: { kind: 'simple-signing', signedAt: '2026-01-31T11:59:00.000Z', reference: 'registry.example/os/web' },
    })
    expect(verdict.evidence?.signer).toMatch(/^key sha256:[0-9a-f]{16}$/)
  })

  it('are looked for among all there are', async () => {
    const evidence = [
      simpleSignature(stranger, { digest: DIGEST }),
      simpleSignature(ours, { digest: OTHER }),
      simpleSignature(ours, { digest: DIGEST }),
    ]
    expect(await verdictOf(byKey, ...evidence)).toMatchObject({ trusted: true })
  })

  const damaged = (change: (bytes: Buffer) => void): TrustEvidence => {
    const good = simpleSignature(ours, { digest: DIGEST })
    const payload = Buffer.from(good.payload, 'base64')
    change(payload)
    return { ...good, payload: payload.toString('base64') }
  }
  const old = (days: number) => ({ timestamp: NOW.getTime() / 1000 - days * DAY_S })

  it.each<[string, TrustEvidence[], string, Partial<TrustPolicy>?]>([
    ['no signature at all', [], 'IMAGE_UNSIGNED'],
    ['a signature by another key', [simpleSignature(stranger, { digest: DIGEST })], 'SIGNATURE_INVALID'],
    ['a payload with one bit changed', [damaged((bytes) => (bytes[bytes.length - 3]! ^= 1))], 'SIGNATURE_INVALID'],
    [
      'a payload that was made to fit',
      [damaged((bytes) => bytes.write('c'.repeat(64), bytes.indexOf('a'.repeat(64))))],
      'SIGNATURE_INVALID',
    ],
    ['an old signature, of another digest', [simpleSignature(ours, { digest: OTHER })], 'SIGNATURE_OTHER_DIGEST'],
    [
      'a signature of the same image as another repository',
      [simpleSignature(ours, { digest: DIGEST, reference: 'registry.example/os/database:1' })],
      'SIGNATURE_OTHER_REPOSITORY',
    ],
    [
      'a repository whose name only ends the same',
      [simpleSignature(ours, { digest: DIGEST, reference: 'registry.example/evil/os/web' })],
      'SIGNATURE_OTHER_REPOSITORY',
    ],
    [
      'another registry, where the policy names one',
      [simpleSignature(ours, { digest: DIGEST, reference: 'other.example/os/web' })],
      'SIGNATURE_OTHER_REPOSITORY',
      { signedAs: 'registry.example/os/*' },
    ],
    [
      'something else that the key has signed',
      [simpleSignature(ours, { digest: DIGEST, type: 'a letter' })],
      'SIGNATURE_INVALID',
    ],
    [
      'a signature that is too old',
      [simpleSignature(ours, { digest: DIGEST, optional: old(8) })],
      'SIGNATURE_EXPIRED',
      { maxAgeDays: 7 },
    ],
    [
      'a signature without a time, where age matters',
      [simpleSignature(ours, { digest: DIGEST })],
      'SIGNATURE_EXPIRED',
      { maxAgeDays: 7 },
    ],
    [
      'a signature with a certificate',
      [{ ...simpleSignature(ours, { digest: DIGEST }), certificate: 'PEM', logEntry: '{}' }],
      'SIGNER_UNTRUSTED',
    ],
  ])('are refused: %s', async (_, evidence, code, change = {}) => {
    const verdict = await verdictOf({ ...byKey, ...change } as TrustPolicy, ...evidence)
    expect(verdict).toMatchObject({ trusted: false, code, evidence: null, enforcedAfterwards: false })
  })

  it('are taken under the name that the policy says, and when young enough', async () => {
    const signed = (reference: string) => simpleSignature(ours, { digest: DIGEST, reference, optional: old(6) })
    const policy: TrustPolicy = { ...byKey, signedAs: 'quay.example:5000/acme/*', maxAgeDays: 7 }
    expect(await verdictOf(policy, signed('quay.example:5000/acme/web:stable'))).toMatchObject({ trusted: true })
    expect(await verdictOf(policy, signed('quay.example:5000/acme/other'))).toMatchObject({
      code: 'SIGNATURE_OTHER_REPOSITORY',
    })
  })

  it('tell of several failures the one that came furthest', async () => {
    const evidence = [simpleSignature(ours, { digest: OTHER }), simpleSignature(stranger, { digest: DIGEST })]
    expect(await verdictOf(byKey, ...evidence)).toMatchObject({ code: 'SIGNATURE_OTHER_DIGEST' })
  })
})

describe('bundles by key', () => {
  it.each(['ec', 'rsa', 'ed25519'] as const)('are taken (%s); containers/image cannot enforce them', async (type) => {
    const key = signingKey(type)
    expect(await verdictOf({ ...byKey, keys: [key.pem] }, keyBundle(key, statement(DIGEST)))).toMatchObject({
      trusted: true,
      enforcedAfterwards: false,
      evidence: { kind: 'bundle', reference: null, signedAt: null },
    })
  })

  it.each<[string, TrustEvidence, string]>([
    ['by another key', keyBundle(stranger, statement(DIGEST)), 'SIGNATURE_INVALID'],
    ['of another digest', keyBundle(ours, statement(OTHER)), 'SIGNATURE_OTHER_DIGEST'],
    [
      'of provenance, not of the image',
      keyBundle(ours, statement(DIGEST, 'https://slsa.dev/provenance/v1')),
      'SIGNATURE_INVALID',
    ],
    ['that are no JSON', { kind: 'bundle', bundle: 'x' }, 'SIGNATURE_INVALID'],
    ['that are empty', { kind: 'bundle', bundle: '{}' }, 'SIGNATURE_INVALID'],
  ])('are refused: %s', async (_, evidence, code) => {
    expect(await verdictOf(byKey, evidence)).toMatchObject({ trusted: false, code })
  })
})

describe('hostile evidence', () => {
  it('never throws and never convinces', async () => {
    const text = fc.oneof(fc.string(), fc.json(), fc.base64String())
    const evidence: fc.Arbitrary<TrustEvidence> = fc.oneof(
      fc.record({ kind: fc.constant('simple-signing' as const), payload: text, signature: text }),
      fc.record({ kind: fc.constant('bundle' as const), bundle: text }),
      fc.record({ kind: fc.constant('index' as const), bytes: text }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(evidence, { maxLength: 4 }), async (all) => {
        expect((await verdictOf(byKey, ...all)).trusted).toBe(false)
      }),
      { numRuns: 200 },
    )
  })
})
