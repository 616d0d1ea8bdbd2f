// The payload of a simple signature (containers-signature(5)), and signatures of it by a key.
import type { KeyObject } from 'node:crypto'
import { z } from 'zod'
import { Digest } from '../contract/common.ts'
import type { TrustEvidence } from '../contract/trust.ts'
import type { Claim } from './claim.ts'
import { TrustError } from './errors.ts'
import { keyLabel, verifies } from './keys.ts'

export type SimpleSignature = Extract<TrustEvidence, { kind: 'simple-signing' }>

/** `type` tells a signature of an image from whatever else the same key has signed. */
const Payload = z.object({
  critical: z.object({
    type: z.enum(['cosign container image signature', 'atomic container signature']),
    image: z.object({ 'docker-manifest-digest': Digest }),
    identity: z.object({ 'docker-reference': z.string().min(1).max(1024) }),
  }),
  optional: z.object({ timestamp: z.unknown() }).partial().nullish(),
})

/** Throws TrustError SIGNATURE_INVALID, SIGNER_UNTRUSTED. */
export function claimByKey(evidence: SimpleSignature, keys: readonly KeyObject[]): Claim {
  if (evidence.certificate !== undefined) {
    throw new TrustError('SIGNER_UNTRUSTED', 'it was signed with a certificate, not with a key of the policy')
  }
  const payload = Buffer.from(evidence.payload, 'base64')
  const signature = Buffer.from(evidence.signature, 'base64')
  const signer = keys.find((key) => verifies(key, payload, signature))
  if (signer === undefined) throw new TrustError('SIGNATURE_INVALID', 'no key of the policy made this signature')
  return { ...readPayload(payload), signer: keyLabel(signer) }
}

/** What the payload claims. Call it only for bytes whose signature was verified. Throws TrustError SIGNATURE_INVALID. */
export function readPayload(bytes: Buffer): Omit<Claim, 'signer'> {
  const { success, data } = Payload.safeParse(parseJson(bytes.toString()))
  if (!success) throw new TrustError('SIGNATURE_INVALID', 'what was signed is no signature of a container image')
  const { image, identity } = data.critical
  return {
    digests: [image['docker-manifest-digest']],
    reference: identity['docker-reference'],
    signedAt: readTime(data.optional?.timestamp),
  }
}

/** containers/image writes seconds since 1970; annotations of cosign are text. */
function readTime(value: unknown): Date | null {
  const time =
    typeof value === 'number' ? new Date(value * 1000) : typeof value === 'string' ? new Date(value) : undefined
  return time === undefined || Number.isNaN(time.getTime()) ? null : time
}

/** Undefined for what is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
