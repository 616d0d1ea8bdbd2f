// Signatures without a key of the signer's own: by both forms that cosign gives them.
import { describe, expect, it } from 'vitest'
import type { TrustEvidence, TrustPolicy } from '../../../server/contract/trust.ts'
import { readTrustedRoot } from '../../../server/trust/bundle.ts'
import { judge } from '../../../server/trust/judge.ts'
import { keyBundle, signingKey, simplePayload, simpleSignature, statement } from '../../helpers/signatures.ts'
import { ISSUER, SmallSigstore, SUBJECT } from '../../helpers/small-sigstore.ts'
import type { Signing } from '../../helpers/small-sigstore.ts'

const DIGEST = `sha256:${'a'.repeat(64)}`
const OTHER = `sha256:${'b'.repeat(64)}`
const IMAGE = { repository: 'os/web', digest: DIGEST }
const NOW = new Date('2026-01-31T12:00:00.000Z')

const sigstore = new SmallSigstore()
const elsewhere = new SmallSigstore()
const policy: TrustPolicy = {
  require: 'identity',
  pattern: 'os/*',
  issuer: ISSUER,
  subject: SUBJECT,
  trustedRoot: sigstore.trustedRoot,
}

const verdictOf = (evidence: TrustEvidence, change: object = {}) =>
  judge({ policy: { ...policy, ...change }, evidence: [evidence] }, IMAGE, NOW)

const late: Signing = { certifiedAt: new Date('2026-01-30T10:00:00Z') }

describe.each<[string, (digest: string, signing?: Signing, by?: SmallSigstore) => TrustEvidence]>([
  ['a bundle', (digest, signing, by = sigstore) => by.bundle(statement(digest), signing)],
  [
    'a simple signature with certificate',
    (digest, signing, by = sigstore) => by.simple(simplePayload({ digest }), signing),
  ],
])('%s by identity', (_, signed) => {
  it('is trusted, with who, by whom and when', async () => {
    expect(await verdictOf(signed(DIGEST), { maxAgeDays: 2 })).toMatchObject({
      trusted: true,
      enforcedAfterwards: false,
      evidence: { signer: `${SUBJECT} (${ISSUER})`, signedAt: '2026-01-30T12:00:00.000Z' },
    })
  })

  it.each<[string, TrustEvidence, string, object?]>([
    ['by somebody else', signed(DIGEST, { subject: 'https://git.example/evil/os' }), 'SIGNER_UNTRUSTED'],
    ['by somebody whose name holds the right one', signed(DIGEST, { subject: `x${SUBJECT}x` }), 'SIGNER_UNTRUSTED'],
    ['of an issuer that is not meant', signed(DIGEST, { issuer: 'https://other.example' }), 'SIGNER_UNTRUSTED'],
    ['of an authority that the root has not', signed(DIGEST, {}, elsewhere), 'SIGNER_UNTRUSTED'],
    ['with a certificate that had expired', signed(DIGEST, late), 'SIGNATURE_EXPIRED'],
    [
      'that is too old',
      signed(DIGEST, { signedAt: new Date('2025-12-01T00:00:00Z') }),
      'SIGNATURE_EXPIRED',
      { maxAgeDays: 30 },
    ],
    ['of another digest', signed(OTHER), 'SIGNATURE_OTHER_DIGEST'],
  ])('is refused: %s', async (_, evidence, code, change) => {
    expect(await verdictOf(evidence, change)).toMatchObject({ trusted: false, code })
  })
})

describe('an identity policy', () => {
  it('takes no signature by a key', async () => {
    const key = signingKey()
    for (const evidence of [simpleSignature(key, { digest: DIGEST }), keyBundle(key, statement(DIGEST))]) {
      expect(await verdictOf(evidence)).toMatchObject({ code: 'SIGNER_UNTRUSTED' })
    }
  })

  it('takes no log entry of another signature, and none that was changed', async () => {
    const good = sigstore.simple(simplePayload({ digest: DIGEST }))
    const { logEntry } = sigstore.simple(simplePayload({ digest: OTHER }))
    expect(await verdictOf({ ...good, logEntry: logEntry! })).toMatchObject({ code: 'SIGNATURE_INVALID' })
    const later = good.logEntry!.replace(/"integratedTime":\d+/, '"integratedTime":1769774460')
    expect(await verdictOf({ ...good, logEntry: later })).toMatchObject({ code: 'SIGNATURE_INVALID' })
  })

  it('takes the name of a simple signature into account', async () => {
    const borrowed = sigstore.simple(simplePayload({ digest: DIGEST, reference: 'registry.example/os/db' }))
    expect(await verdictOf(borrowed)).toMatchObject({ code: 'SIGNATURE_OTHER_REPOSITORY' })
  })
})

describe('a trust root', () => {
  it.each(['x', '[]', '{}', JSON.stringify({ certificateAuthorities: [] })])('is refused: %s', (text) => {
    expect(() => readTrustedRoot(text)).toThrow(/trust root/)
  })
})
