// Public keys as people have them (PEM), made ready to verify with.
import { createHash, createPublicKey, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

const MIN_RSA_BITS = 2048

/** Throws Error with a sentence for what is no key, or one that nothing should be signed with. */
export function readPublicKey(pem: string): KeyObject {
  if (!/-----BEGIN (RSA )?PUBLIC KEY-----/.test(pem)) {
    const what = /PRIVATE KEY/.test(pem) ? 'this is a private key' : 'this is no public key in PEM'
    throw new Error(`${what}: want what \`cosign public-key\` or \`openssl pkey -pubout\` print`)
  }
  const key = createPublicKey(pem)
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key
  if (type !== 'ec' && type !== 'rsa' && type !== 'ed25519') throw new Error(`keys of type ${type} sign no images`)
  if (type === 'rsa' && (details?.modulusLength ?? 0) < MIN_RSA_BITS) {
    throw new Error(`an RSA key of ${details?.modulusLength} bits is too short: want ${MIN_RSA_BITS}`)
  }
  return key
}

/** SHA-256 of the key's DER, as `sha256:` and hex. */
export function fingerprint(key: KeyObject): string {
  const der = key.export({ type: 'spki', format: 'der' })
  return `sha256:${createHash('sha256').update(der).digest('hex')}`
}

/** The same for people: `key sha256:0123456789abcdef`. */
export function keyLabel(key: KeyObject): string {
  return `key ${fingerprint(key).slice(0, 'sha256:'.length + 16)}`
}

/** SHA-256 with ECDSA (DER) and RSA (PKCS #1 v1.5), as cosign and containers/image sign; Ed25519 as it is. */
export function verifies(key: KeyObject, data: Uint8Array, signature: Uint8Array): boolean {
  try {
    return verify(key.asymmetricKeyType === 'ed25519' ? null : 'sha256', data, key, signature)
  } catch {
    return false
  }
}
