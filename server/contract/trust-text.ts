// A verdict in a word or two; the same on the command line and on the page.
import type { TrustPolicyView, TrustVerdict } from './trust.ts'

/** `unchecked` is what nobody has to sign: neither good nor bad, and never to be mistaken for `trusted`. */
export function trustWord(verdict: TrustVerdict | null): 'trusted' | 'unchecked' | 'refused' | 'unknown' {
  if (verdict === null) return 'unknown'
  if (!verdict.trusted) return 'refused'
  return verdict.policy.require === 'accept' ? 'unchecked' : 'trusted'
}

/** One sentence: what was decided, by which policy, on what. */
export function trustSentence({ code, message, policy, evidence }: TrustVerdict): string {
  const signed = evidence?.signedAt ? `, ${evidence.signedAt}` : ''
  const named = evidence?.reference ? `, as ${evidence.reference}` : ''
  const why = code === null ? message : `${code}: ${message}`
  return `${why}${signed}${named} (policy for ${policy.pattern}: ${policy.require})`
}

/** What a policy wants to see, in a sentence's part. */
export function wanted({ require, keys, issuer, subject, digests }: TrustPolicyView): string {
  switch (require) {
    case 'accept':
      return 'nothing: images are not checked'
    case 'reject':
      return 'nothing is good enough'
    case 'digest':
      return digests.join(', ')
    case 'key':
      return keys.map((key) => `key ${key.slice(0, 'sha256:'.length + 16)}`).join(' or ')
    case 'gpg':
      return keys.map((key) => `GPG key ${key}`).join(' or ')
    case 'identity':
      return `${subject} (${issuer})`
  }
}
