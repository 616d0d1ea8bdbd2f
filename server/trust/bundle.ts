// Sigstore bundles, verified by sigstore's own library. Load it when there is a bundle: it is by far the largest part here.
import { createHash, X509Certificate } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { bundleFromJSON } from '@sigstore/bundle'
import type { Bundle } from '@sigstore/bundle'
import { TrustedRoot } from '@sigstore/protobuf-specs'
import { PolicyError, toSignedEntity, toTrustMaterial, VerificationError, Verifier } from '@sigstore/verify'
import type { SignedEntity } from '@sigstore/verify'
import { z } from 'zod'
import type { TrustPolicy } from '../contract/trust.ts'
import type { Claim } from './claim.ts'
import { TrustError } from './errors.ts'
import { keyLabel } from './keys.ts'
import { parseJson, readPayload } from './simple-signing.ts'
import type { SimpleSignature } from './simple-signing.ts'

export type IdentityPolicy = Extract<TrustPolicy, { require: 'identity' }>

const IN_TOTO = 'application/vnd.in-toto+json'
/** What cosign signs of an image. Attestations of the same signer (provenance, SBOM) say something else. */
const SIGN_PREDICATE = 'https://sigstore.dev/cosign/sign/v1'

const Statement = z.object({
  _type: z.enum(['https://in-toto.io/Statement/v0.1', 'https://in-toto.io/Statement/v1']),
  predicateType: z.literal(SIGN_PREDICATE),
  subject: z.array(z.object({ digest: z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/) }) })).min(1),
})

/** Throws TrustError. */
export function bundleClaimByKey(text: string, keys: readonly KeyObject[]): Claim {
  const bundle = readBundle(text)
  const entity = toSignedEntity(bundle)
  if (entity.key.$case !== 'public-key') {
    throw new TrustError('SIGNER_UNTRUSTED', 'it was signed with a certificate, not with a key of the policy')
  }
  // With a key, a log adds nothing that is believed here: its entries are left out rather than trusted.
  const bare: SignedEntity = { ...entity, tlogEntries: [], timestamps: [] }
  const signer = keys.find((key) => {
    const publicKey = () => ({ publicKey: key, validFor: () => true })
    const material = { certificateAuthorities: [], timestampAuthorities: [], tlogs: [], ctlogs: [], publicKey }
    try {
      new Verifier(material, { ctlogThreshold: 0, tlogThreshold: 0, timestampThreshold: 0 }).verify(bare)
      return true
    } catch {
      return false
    }
  })
  if (signer === undefined) throw new TrustError('SIGNATURE_INVALID', 'no key of the policy made this signature')
  return { ...readStatement(bundle), signer: keyLabel(signer), signedAt: null }
}

/** Throws TrustError. */
export function bundleClaimByIdentity(text: string, policy: IdentityPolicy): Claim {
  const bundle = readBundle(text)
  const verified = verifyIdentity(toSignedEntity(bundle), policy)
  return { ...readStatement(bundle), ...verified }
}

/** A simple signature with certificate and log entry, as cosign makes it without a key. Throws TrustError. */
export function simpleClaimByIdentity(evidence: SimpleSignature, policy: IdentityPolicy): Claim {
  const payload = Buffer.from(evidence.payload, 'base64')
  const verified = verifyIdentity(toSignedEntity(asBundle(evidence, payload), payload), policy)
  return { ...readPayload(payload), ...verified }
}

/** Throws Error for text that is no trust root, or holds nothing to trust. */
export function readTrustedRoot(text: string): TrustedRoot {
  const value = parseJson(text)
  if (typeof value !== 'object' || value === null) throw new Error('a trust root is a JSON object')
  const root = TrustedRoot.fromJSON(value)
  if (root.certificateAuthorities.length === 0) throw new Error('the trust root names no certificate authority')
  // Parses certificates and keys.
  toTrustMaterial(root)
  return root
}

/** Issuer and subject are compared as they are; the library would take them for patterns. */
function verifyIdentity(entity: SignedEntity, policy: IdentityPolicy): Pick<Claim, 'signer' | 'signedAt'> {
  if (entity.key.$case !== 'certificate') {
    throw new TrustError('SIGNER_UNTRUSTED', 'it was signed with a key, and the policy wants an identity')
  }
  const root = readTrustedRoot(policy.trustedRoot)
  const verifier = new Verifier(toTrustMaterial(root), {
    // Of what the root has; a private one may do without logs, never without a time that somebody vouches for.
    tlogThreshold: root.tlogs.length > 0 ? 1 : 0,
    ctlogThreshold: root.ctlogs.length > 0 ? 1 : 0,
    timestampThreshold: 1,
  })
  const { identity } = translated(() => verifier.verify(entity))
  const subject = identity?.subjectAlternativeName
  const issuer = identity?.extensions?.issuer
  if (subject !== policy.subject || issuer !== policy.issuer) {
    throw new TrustError(
      'SIGNER_UNTRUSTED',
      `it was signed by ${subject} (${issuer}), want ${policy.subject} (${policy.issuer})`,
    )
  }
  return { signer: `${subject} (${issuer})`, signedAt: timeOf(entity) }
}

/** The earliest time that was vouched for. */
function timeOf({ timestamps }: SignedEntity): Date | null {
  const times = timestamps.flatMap((one) => {
    if (one.$case === 'timestamp-authority') return [one.timestamp.signingTime]
    return one.tlogEntry.inclusionPromise ? [new Date(Number(one.tlogEntry.integratedTime) * 1000)] : []
  })
  return times.toSorted((a, b) => a.getTime() - b.getTime())[0] ?? null
}

function readBundle(text: string): Bundle {
  try {
    return bundleFromJSON(JSON.parse(text))
  } catch (cause) {
    throw new TrustError('SIGNATURE_INVALID', `the bundle cannot be read: ${(cause as Error).message}`, { cause })
  }
}

/** Call it only for a bundle whose signature was verified. */
function readStatement({ content }: Bundle): Pick<Claim, 'digests' | 'reference'> {
  if (content.$case !== 'dsseEnvelope') throw new TrustError('SIGNATURE_INVALID', 'the bundle holds no statement')
  const { payload, payloadType } = content.dsseEnvelope
  const { success, data } = Statement.safeParse(payloadType === IN_TOTO ? parseJson(payload.toString()) : undefined)
  if (!success) throw new TrustError('SIGNATURE_INVALID', 'what was signed is no signature of a container image')
  return { digests: data.subject.map(({ digest }) => `sha256:${digest.sha256}`), reference: null }
}

const LogEntry = z.object({
  SignedEntryTimestamp: z.string(),
  Payload: z.object({
    body: z.string(),
    integratedTime: z.number().int(),
    logIndex: z.number().int(),
    logID: z.string().regex(/^[0-9a-f]+$/),
  }),
})
const LogBody = z.object({ kind: z.string(), apiVersion: z.string() })

/** The same signature in the form that the library reads. */
function asBundle({ certificate, logEntry, signature }: SimpleSignature, payload: Buffer): Bundle {
  if (certificate === undefined || logEntry === undefined) {
    throw new TrustError('SIGNER_UNTRUSTED', 'it has no certificate with an entry in a transparency log')
  }
  const entry = LogEntry.safeParse(parseJson(logEntry)).data
  const body = LogBody.safeParse(parseJson(Buffer.from(entry?.Payload.body ?? '', 'base64').toString())).data
  if (entry === undefined || body === undefined) {
    throw new TrustError('SIGNATURE_INVALID', 'the entry of the transparency log cannot be read')
  }
  const { body: canonicalizedBody, integratedTime, logIndex, logID } = entry.Payload
  return readBundle(
    JSON.stringify({
      mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.1',
      verificationMaterial: {
        x509CertificateChain: { certificates: [{ rawBytes: derOf(certificate) }] },
        tlogEntries: [
          {
            logIndex: String(logIndex),
            logId: { keyId: Buffer.from(logID, 'hex').toString('base64') },
            kindVersion: { kind: body.kind, version: body.apiVersion },
            integratedTime: String(integratedTime),
            inclusionPromise: { signedEntryTimestamp: entry.SignedEntryTimestamp },
            canonicalizedBody,
          },
        ],
      },
      messageSignature: {
        messageDigest: { algorithm: 'SHA2_256', digest: createHash('sha256').update(payload).digest('base64') },
        signature,
      },
    }),
  )
}

function derOf(pem: string): string {
  try {
    return new X509Certificate(pem).raw.toString('base64')
  } catch (cause) {
    throw new TrustError('SIGNATURE_INVALID', 'the certificate cannot be read', { cause })
  }
}

/** Runs the library, whose errors are many, and says which of our reasons each one is. */
function translated<T>(work: () => T): T {
  try {
    return work()
  } catch (cause) {
    const message = (cause as Error).message
    if (cause instanceof VerificationError && cause.code === 'CERTIFICATE_ERROR') {
      const deeper = (cause.cause as Error | undefined)?.message ?? ''
      if (/expired/.test(deeper)) {
        throw new TrustError('SIGNATURE_EXPIRED', 'the certificate was not valid when the signature was made', {
          cause,
        })
      }
      throw new TrustError('SIGNER_UNTRUSTED', `the certificate is not to be trusted: ${deeper || message}`, { cause })
    }
    if (cause instanceof PolicyError) throw new TrustError('SIGNER_UNTRUSTED', message, { cause })
    throw new TrustError('SIGNATURE_INVALID', message, { cause })
  }
}
