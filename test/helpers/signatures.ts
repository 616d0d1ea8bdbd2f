// Signatures as cosign and containers/image make them, by keys of the moment.
import { generateKeyPairSync, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { TrustEvidence } from '../../server/contract/trust.ts'

export interface SigningKey {
  pem: string
  key: KeyObject
}

export function signingKey(type: 'ec' | 'rsa' | 'ed25519' = 'ec'): SigningKey {
  const { publicKey, privateKey } = makePair(type)
  return { pem: publicKey.export({ type: 'spki', format: 'pem' }).toString(), key: privateKey }
}

function makePair(type: 'ec' | 'rsa' | 'ed25519') {
  if (type === 'ec') return generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return type === 'rsa' ? generateKeyPairSync('rsa', { modulusLength: 2048 }) : generateKeyPairSync('ed25519')
}

export interface SimpleContent {
  digest: string
  reference?: string
  type?: string
  optional?: Record<string, unknown> | null
}

export function simplePayload({
  digest,
  reference = 'registry.example/os/web',
  type,
  optional,
}: SimpleContent): Buffer {
  return Buffer.from(
    JSON.stringify({
      critical: {
        identity: { 'docker-reference': reference },
        image: { 'docker-manifest-digest': digest },
        type: type ?? 'cosign container image signature',
      },
      optional: optional ?? null,
    }),
  )
}

export function simpleSignature(
  { key }: SigningKey,
  content: SimpleContent,
): Extract<TrustEvidence, { kind: 'simple-signing' }> {
  const payload = simplePayload(content)
  return {
    kind: 'simple-signing',
    payload: payload.toString('base64'),
    signature: signBytes(key, payload).toString('base64'),
  }
}

/** What cosign 3 signs of an image. */
export function statement(digest: string, predicateType = 'https://sigstore.dev/cosign/sign/v1'): Buffer {
  return Buffer.from(
    JSON.stringify({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ digest: { sha256: digest.slice('sha256:'.length) }, annotations: {} }],
      predicateType,
      predicate: {},
    }),
  )
}

export const IN_TOTO = 'application/vnd.in-toto+json'

/** DSSE, "pre-authentication encoding": https://github.com/secure-systems-lab/dsse/blob/master/protocol.md */
export function preAuthEncoding(payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${IN_TOTO.length} ${IN_TOTO} ${payload.length} `), payload])
}

export function keyBundle({ key }: SigningKey, payload: Buffer): Extract<TrustEvidence, { kind: 'bundle' }> {
  return {
    kind: 'bundle',
    bundle: JSON.stringify({
      mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
      verificationMaterial: { publicKey: { hint: 'of no meaning' } },
      dsseEnvelope: {
        payload: payload.toString('base64'),
        payloadType: IN_TOTO,
        signatures: [{ sig: signBytes(key, preAuthEncoding(payload)).toString('base64') }],
      },
    }),
  }
}

export function signBytes(key: KeyObject, bytes: Buffer): Buffer {
  return sign(key.asymmetricKeyType === 'ed25519' ? null : 'sha256', bytes, key)
}
