// Why a single signature does not count, and why a configured policy cannot be used.
import { CodedError } from '../contract/coded-error.ts'
import type { TrustCode } from '../contract/trust.ts'

export class TrustError extends CodedError<TrustCode> {
  override readonly name = 'TrustError'
}

/** The server does not start with a policy that it would have to leave out. */
export class PolicyError extends CodedError<'POLICY_INVALID'> {
  override readonly name = 'PolicyError'

  constructor(pattern: string, why: string, options: { cause?: unknown } = {}) {
    const hint = 'docs/how-to/sign-images.md says what a policy needs; none is left out, so the server does not start'
    super('POLICY_INVALID', `trust.policies: policy for ${pattern}: ${why}`, { ...options, hint })
  }
}
