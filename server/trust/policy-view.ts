// A policy as people see it.
import type { TrustPolicy, TrustPolicyView } from '../contract/trust.ts'
import { fingerprint, readPublicKey } from './keys.ts'

export function policyView(policy: TrustPolicy): TrustPolicyView {
  const { pattern, require } = policy
  const signing = require === 'key' || require === 'identity' ? policy : undefined
  return {
    pattern,
    require,
    signedAs: signing?.signedAs ?? null,
    maxAgeDays: signing?.maxAgeDays ?? null,
    keys: require === 'key' ? policy.keys.map((pem) => fingerprint(readPublicKey(pem))) : [],
    issuer: require === 'identity' ? policy.issuer : null,
    subject: require === 'identity' ? policy.subject : null,
    digests: require === 'digest' ? policy.digests : [],
  }
}
