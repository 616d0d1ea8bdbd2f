// Whether an image may be installed: the policy of its repository, what speaks for the image, and what came of it.
import { z } from 'zod'
import { Digest, Timestamp } from './common.ts'

/** Why an image is not believed. Stable; install failures carry the same codes. */
export const TrustCode = z.enum([
  'IMAGE_REJECTED',
  'DIGEST_NOT_PINNED',
  'IMAGE_UNSIGNED',
  'GPG_UNAVAILABLE',
  'SIGNATURE_INVALID',
  'SIGNER_UNTRUSTED',
  'SIGNING_KEY_EXPIRED',
  'SIGNING_KEY_REVOKED',
  'SIGNATURE_OTHER_DIGEST',
  'SIGNATURE_OTHER_REPOSITORY',
  'SIGNATURE_EXPIRED',
])
export type TrustCode = z.infer<typeof TrustCode>

const HINTS: Record<TrustCode, string> = {
  IMAGE_REJECTED: 'choose another image, or change the policy in the configuration (trust.policies)',
  DIGEST_NOT_PINNED: 'add the digest to the policy once it was reviewed, or assign one that is in it',
  IMAGE_UNSIGNED: 'sign it and pull it again; each image of an index needs a signature (`cosign sign --recursive`)',
  GPG_UNAVAILABLE: 'install gpg on the server (`apt install gnupg`) and assign the image again',
  SIGNATURE_INVALID: 'sign it with a key of the policy, or add the key it was signed with',
  SIGNER_UNTRUSTED: 'have it signed by whom the policy names, or name its signer in the policy',
  SIGNING_KEY_EXPIRED: 'extend the key and export it into the policy again, or sign with another key',
  SIGNING_KEY_REVOKED: 'sign the image with another key, and name that one in the policy',
  SIGNATURE_OTHER_DIGEST: 'the signature was made for another image: sign this one, or assign that one',
  SIGNATURE_OTHER_REPOSITORY: 'sign it under the name of its repository, or set signedAs in the policy',
  SIGNATURE_EXPIRED: 'build and sign a newer image',
}

/** What to do about it. */
export function trustHint(code: TrustCode): string {
  return HINTS[code]
}

/** `os/web` for that repository, `os/*` for all below, `*` for all. */
const RepositoryPattern = z
  .string()
  .max(257)
  .regex(/^(\*|[a-z0-9]+([._/-]+[a-z0-9]+)*(\/\*)?)$/, 'must be a repository like os/web, os/* or *')

const TrustRequirement = z.enum(['accept', 'reject', 'digest', 'key', 'gpg', 'identity'])

const common = {
  pattern: RepositoryPattern,
  /** What signatures call the repositories: `registry.example/acme/*` for a pattern `os/*`; by default the same path on any registry. */
  signedAs: z.string().max(512).optional(),
  /** Older signatures do not count, nor do those that don't say when they were made. */
  maxAgeDays: z.number().int().positive().optional(),
}

export const TrustPolicy = z.discriminatedUnion('require', [
  z.strictObject({ require: z.literal('accept'), pattern: RepositoryPattern }),
  z.strictObject({ require: z.literal('reject'), pattern: RepositoryPattern }),
  z.strictObject({ require: z.literal('digest'), pattern: RepositoryPattern, digests: z.array(Digest).min(1) }),
  z.strictObject({
    require: z.literal('key'),
    ...common,
    /** Public keys, PEM. */
    keys: z.array(z.string()).min(1),
  }),
  z.strictObject({
    require: z.literal('gpg'),
    ...common,
    /** Public keys as `gpg --armor --export` prints them. */
    keys: z.array(z.string()).min(1),
  }),
  z.strictObject({
    require: z.literal('identity'),
    ...common,
    /** Who vouches for the signer: `https://token.actions.githubusercontent.com`. */
    issuer: z.string().min(1),
    /** Mail address or URI in the signer's certificate, exactly. */
    subject: z.string().min(1),
    /** Certificate authorities and logs to believe: JSON of sigstore's TrustedRoot. */
    trustedRoot: z.string().min(1),
  }),
])
export type TrustPolicy = z.infer<typeof TrustPolicy>
export type SigningPolicy = Extract<TrustPolicy, { require: 'key' | 'gpg' | 'identity' }>

/** A signature is some hundred bytes, with certificate and log entry some thousand. */
export const MAX_SIGNATURE_BYTES = 256 * 1024
/** Of one image; what comes after is not looked at. */
export const MAX_SIGNATURES = 32

const Text = z.string().max(MAX_SIGNATURE_BYTES * 2)

/** What was found that may speak for an image; nothing of it is verified. */
export const TrustEvidence = z.discriminatedUnion('kind', [
  /** https://github.com/containers/image/blob/main/docs/containers-signature.5.md, as cosign stores it. */
  z.strictObject({
    kind: z.literal('simple-signing'),
    payload: Text.describe('base64'),
    signature: Text.describe('base64'),
    /** Of signers without a key of their own: certificate (PEM) and entry in the transparency log (JSON). */
    certificate: Text.optional(),
    logEntry: Text.optional(),
  }),
  /** The same payload as an OpenPGP signed message, as `skopeo --sign-by` makes it. */
  z.strictObject({ kind: z.literal('gpg'), signature: Text.describe('base64') }),
  /** https://docs.sigstore.dev/about/bundle/ */
  z.strictObject({ kind: z.literal('bundle'), bundle: Text.describe('JSON') }),
  /** An index that lists the image: for digests that were pinned. */
  z.strictObject({ kind: z.literal('index'), bytes: z.string().describe('base64') }),
])
export type TrustEvidence = z.infer<typeof TrustEvidence>

/** What a deployed system can hold later images against, where that does not follow from the policy its installer got. */
const GpgEnforcement = z.strictObject({
  /** OpenPGP public keys, base64: a signature by one of them is needed. */
  keyring: z.string().min(1),
  /** The reference that the signature of this image names. */
  signedAs: z.string().min(1),
})

/** What an installer needs to judge for itself. */
export const TrustBasis = z.strictObject({
  policy: TrustPolicy,
  evidence: z.array(TrustEvidence).max(MAX_SIGNATURES + 1),
  /** The installer has no gpg: the server has judged, pins the digest it found trusted, and says here what the signature was held against. */
  gpg: GpgEnforcement.optional(),
})
export type TrustBasis = z.infer<typeof TrustBasis>

export const TrustVerdict = z
  .object({
    trusted: z.boolean(),
    /** Why not; null when trusted. */
    code: TrustCode.nullable(),
    /** For people: what was found, or what is missing. */
    message: z.string(),
    /** The policy that decided. */
    policy: z.object({ pattern: z.string(), require: TrustRequirement }),
    /** What the verdict rests on; null when nobody had to sign, or nobody did. */
    evidence: z
      .object({
        kind: z.enum(['simple-signing', 'gpg', 'bundle', 'index', 'pin']),
        /** Of the signature's payload, message or bundle, or the pinned digest. */
        digest: Digest,
        /** `key sha256:0123456789abcdef`, `GPG key` and fingerprint, or an identity and who vouches for it; null for a pin. */
        signer: z.string().nullable(),
        signedAt: Timestamp.nullable(),
        /** The reference that the signature names. */
        reference: z.string().nullable(),
      })
      .nullable(),
    /** Deployed systems can hold later images against the same policy by themselves. */
    enforcedAfterwards: z.boolean(),
    checkedAt: Timestamp,
  })
  .meta({ id: 'TrustVerdict' })
export type TrustVerdict = z.infer<typeof TrustVerdict>

/** A policy as people see it: keys by fingerprint. */
export const TrustPolicyView = z
  .object({
    pattern: z.string(),
    require: TrustRequirement,
    signedAs: z.string().nullable(),
    maxAgeDays: z.number().nullable(),
    /** Fingerprints: SHA-256 of the key's DER, or as gpg shows them. */
    keys: z.array(z.string()),
    issuer: z.string().nullable(),
    subject: z.string().nullable(),
    digests: z.array(Digest),
  })
  .meta({ id: 'TrustPolicy' })
export type TrustPolicyView = z.infer<typeof TrustPolicyView>

/** A policy as the configuration has it: keys and trust roots by file, or as they are. */
export const TrustPolicySetting = z.strictObject({
  repository: RepositoryPattern,
  require: TrustRequirement,
  keys: z.array(z.string().min(1)).min(1).optional(),
  issuer: z.string().min(1).optional(),
  subject: z.string().min(1).optional(),
  trustedRoot: z.string().min(1).optional(),
  digests: z.array(Digest).min(1).optional(),
  signedAs: z.string().min(1).max(512).optional(),
  maxAgeDays: z.number().int().positive().optional(),
})
export type TrustPolicySetting = z.infer<typeof TrustPolicySetting>
