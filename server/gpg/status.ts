// What gpg says of one signed message on its status descriptor ("General status codes" in GnuPG's doc/DETAILS).
import { TrustError } from '../trust/errors.ts'

const PREFIX = '[GNUPG:] '

/** What became of a signature that is not good, with the key that made it. */
const REFUSALS: Readonly<Record<string, { code: TrustError['code']; message: (key: string) => string }>> = {
  BADSIG: { code: 'SIGNATURE_INVALID', message: (key) => `what key ${key} has signed was changed since` },
  ERRSIG: {
    code: 'SIGNATURE_INVALID',
    message: (key) => `no key of the policy made this signature, but key ${key}`,
  },
  EXPSIG: { code: 'SIGNATURE_EXPIRED', message: (key) => `the signature of key ${key} has expired` },
  EXPKEYSIG: { code: 'SIGNING_KEY_EXPIRED', message: (key) => `key ${key}, which signed it, has expired` },
  REVKEYSIG: { code: 'SIGNING_KEY_REVOKED', message: (key) => `key ${key}, which signed it, was revoked` },
}

/**
 * The fingerprint of the primary key that signed, for a message that is one text with one good signature over all of it. Throws TrustError for
 * any other.
 */
export function signerIn(status: string): string {
  const lines = status
    .split('\n')
    .filter((line) => line.startsWith(PREFIX))
    .map((line) => line.slice(PREFIX.length).split(' '))
  const named = (...keywords: string[]) => lines.filter(([keyword]) => keywords.includes(keyword!))
  const outcomes = named('GOODSIG', ...Object.keys(REFUSALS))
  // A text beside the signed one could be taken for it.
  if (outcomes.length !== 1 || named('NEWSIG').length !== 1 || named('PLAINTEXT').length > 1) {
    throw new TrustError('SIGNATURE_INVALID', 'the signature is not one signed message of OpenPGP')
  }
  const [outcome = '', key = ''] = outcomes[0]!
  const refusal = REFUSALS[outcome]
  if (refusal !== undefined) throw new TrustError(refusal.code, refusal.message(key))
  // fingerprint, date, time, expiry, version, reserved, algorithm, hash, class, primary key's fingerprint
  const [, fingerprint, , , , , , , , , primary = fingerprint] = named('VALIDSIG')[0] ?? []
  if (primary === undefined || named('PLAINTEXT').length !== 1) {
    throw new TrustError('SIGNATURE_INVALID', 'gpg does not say whose signature it is')
  }
  return primary
}
