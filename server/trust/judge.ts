// Judges an image by its policy and what speaks for it. Pure but for gpg, which the server hands in: no files, no network, no clock; server and
// agent call the same.
import { createHash } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { z } from 'zod'
import { TrustCode } from '../contract/trust.ts'
import type { SigningPolicy, TrustBasis, TrustEvidence, TrustPolicy, TrustVerdict } from '../contract/trust.ts'
import type { Claim, ClaimByGpg } from './claim.ts'
import { TrustError } from './errors.ts'
import { readPublicKey } from './keys.ts'
import { namesRepository } from './policy.ts'
import { claimByKey, parseJson } from './simple-signing.ts'

export interface JudgedImage {
  repository: string
  /** Of the manifest that is installed. */
  digest: string
}

type Signature = Exclude<TrustEvidence, { kind: 'index' }>

const DAY_MS = 24 * 3600 * 1000

/** How far a signature came that failed with this code: of several the furthest is told, as it is the likeliest to be meant. */
const PROGRESS: readonly TrustCode[] = TrustCode.options

/**
 * Never throws for what evidence holds: that is the verdict. Throws Error when the policy itself cannot be read. Without `claimByGpg` no GPG
 * signature counts.
 */
export async function judge(
  { policy, evidence }: TrustBasis,
  image: JudgedImage,
  at: Date,
  claimByGpg: ClaimByGpg = withoutGpg,
): Promise<TrustVerdict> {
  const about = { policy: { pattern: policy.pattern, require: policy.require }, checkedAt: at.toISOString() }
  switch (policy.require) {
    case 'accept':
      return { ...about, ...trusted('nobody has to sign images of this repository', null) }
    case 'reject':
      return { ...about, ...refused('IMAGE_REJECTED', `images of ${image.repository} are not to be installed`) }
    case 'digest':
      return { ...about, ...judgePin(policy, image, evidence) }
    case 'key':
    case 'gpg':
    case 'identity': {
      const signatures = evidence.filter((one) => one.kind !== 'index')
      return { ...about, ...(await judgeSignatures(policy, image, signatures, at, claimByGpg)) }
    }
  }
}

type Outcome = Omit<TrustVerdict, 'policy' | 'checkedAt'>

function trusted(message: string, evidence: TrustVerdict['evidence'], enforcedAfterwards = false): Outcome {
  return { trusted: true, code: null, message, evidence, enforcedAfterwards }
}

function refused(code: TrustCode, message: string): Outcome {
  return { trusted: false, code, message, evidence: null, enforcedAfterwards: false }
}

const Listing = z.object({ manifests: z.array(z.object({ digest: z.string() })) })

/** By the manifest's own digest, or by that of an index that lists it. */
function judgePin(
  { digests }: Extract<TrustPolicy, { require: 'digest' }>,
  { digest }: JudgedImage,
  evidence: readonly TrustEvidence[],
): Outcome {
  const none = { signer: null, signedAt: null, reference: null }
  if (digests.includes(digest)) return trusted('the policy names this digest', { kind: 'pin', digest, ...none })
  for (const one of evidence) {
    if (one.kind !== 'index') continue
    const bytes = Buffer.from(one.bytes, 'base64')
    const index = sha256(bytes)
    const listing = Listing.safeParse(parseJson(bytes.toString())).data
    if (!digests.includes(index) || !listing?.manifests.some((entry) => entry.digest === digest)) continue
    return trusted(`the policy names the index ${index}, which lists this image`, {
      kind: 'index',
      digest: index,
      ...none,
    })
  }
  return refused('DIGEST_NOT_PINNED', `${digest} is none of the ${digests.length} digests that the policy names`)
}

async function judgeSignatures(
  policy: SigningPolicy,
  image: JudgedImage,
  signatures: readonly Signature[],
  at: Date,
  claimByGpg: ClaimByGpg,
): Promise<Outcome> {
  const read = claimReader(policy, claimByGpg)
  let worst = refused('IMAGE_UNSIGNED', `nobody has signed ${image.digest}`)
  for (const signature of signatures) {
    try {
      const claim = await read(signature)
      if (claim === undefined) continue
      requireClaim(claim, policy, image, at)
      // Later images of the repository can be held against a key by containers/image, by simple signatures alone.
      const enforced = policy.require !== 'identity' && signature.kind !== 'bundle'
      const digest = sha256(Buffer.from(...bytesOf(signature)))
      const { signer, reference } = claim
      const signedAt = claim.signedAt?.toISOString() ?? null
      const found = { kind: signature.kind, digest, signer, signedAt, reference }
      return trusted(`signed by ${signer}`, found, enforced)
    } catch (error) {
      if (!(error instanceof TrustError)) throw error
      if (PROGRESS.indexOf(error.code) > PROGRESS.indexOf(worst.code!)) worst = refused(error.code, error.message)
    }
  }
  return worst
}

/** Reads what a signature claims; undefined for one by another kind of key than the policy's, which is neither good nor bad. */
function claimReader(
  policy: SigningPolicy,
  claimByGpg: ClaimByGpg,
): (signature: Signature) => Promise<Claim | undefined> {
  if (policy.require === 'gpg') {
    return async (signature) =>
      signature.kind === 'gpg' ? claimByGpg(Buffer.from(signature.signature, 'base64'), policy.keys) : undefined
  }
  const keys = policy.require === 'key' ? policy.keys.map(readPublicKey) : []
  return async (signature) => (signature.kind === 'gpg' ? undefined : claimOf(signature, policy, keys))
}

async function claimOf(
  signature: Exclude<Signature, { kind: 'gpg' }>,
  policy: Exclude<SigningPolicy, { require: 'gpg' }>,
  keys: readonly KeyObject[],
): Promise<Claim> {
  if (signature.kind === 'simple-signing') {
    // By far the most frequent case does without the library.
    if (policy.require === 'key') return claimByKey(signature, keys)
    const { simpleClaimByIdentity } = await import('./bundle.ts')
    return simpleClaimByIdentity(signature, policy)
  }
  const { bundleClaimByIdentity, bundleClaimByKey } = await import('./bundle.ts')
  return policy.require === 'key'
    ? bundleClaimByKey(signature.bundle, keys)
    : bundleClaimByIdentity(signature.bundle, policy)
}

function withoutGpg(): Promise<Claim> {
  throw new TrustError('GPG_UNAVAILABLE', 'GPG signatures are judged by the server alone')
}

/** Throws TrustError for a good signature of something else. */
function requireClaim(claim: Claim, policy: SigningPolicy, { repository, digest }: JudgedImage, at: Date): void {
  const { digests, reference, signedAt } = claim
  if (!digests.includes(digest)) {
    throw new TrustError('SIGNATURE_OTHER_DIGEST', `the signature is for ${digests.join(', ')}, want ${digest}`)
  }
  if (reference !== null && !namesRepository(policy, reference, repository)) {
    const want = policy.signedAs === undefined ? `a repository ${repository}` : `${repository} as ${policy.signedAs}`
    throw new TrustError('SIGNATURE_OTHER_REPOSITORY', `the signature is for ${reference}, want ${want}`)
  }
  const { maxAgeDays } = policy
  if (maxAgeDays === undefined) return
  if (signedAt === null) {
    throw new TrustError(
      'SIGNATURE_EXPIRED',
      `the signature does not say when it was made, want at most ${maxAgeDays} days ago`,
    )
  }
  if (at.getTime() - signedAt.getTime() > maxAgeDays * DAY_MS) {
    throw new TrustError(
      'SIGNATURE_EXPIRED',
      `the signature is of ${signedAt.toISOString()}, want at most ${maxAgeDays} days ago`,
    )
  }
}

function bytesOf(signature: Signature): [text: string, encoding: BufferEncoding] {
  if (signature.kind === 'bundle') return [signature.bundle, 'utf8']
  return [signature.kind === 'gpg' ? signature.signature : signature.payload, 'base64']
}

function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}
