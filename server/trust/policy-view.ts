// A policy as people see it.
import type { TrustPolicy, TrustPolicyView } from '../contract/trust.ts'
import { fingerprint, readPublicKey } from './keys.ts'
import { readGpgKeys } from './openpgp-keys.ts'

export function policyView(policy: TrustPolicy): TrustPolicyView {
  const { pattern, require } = policy
  const signing = require === 'key' || require === 'gpg' || require === 'identity' ? policy : undefined
  return {
    pattern,
    require,
    signedAs: signing?.signedAs ?? null,
    maxAgeDays: signing?.maxAgeDays ?? null,
    keys: fingerprints(policy),
    issuer: require === 'identity' ? policy.issuer : null,
    subject: require === 'identity' ? policy.subject : null,
    digests: require === 'digest' ? policy.digests : [],
  }
}

function fingerprints(policy: TrustPolicy): string[] {
  if (policy.require === 'key') return policy.keys.map((pem) => fingerprint(readPublicKey(pem)))
  if (policy.require === 'gpg') return policy.keys.flatMap((armored) => readGpgKeys(armored).fingerprints)
  return []
}
