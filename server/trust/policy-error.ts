// Why a configured policy cannot be used: the server does not start with one it would have to leave out.

export class PolicyError extends Error {
  override readonly name = 'PolicyError'
  readonly code = 'POLICY_INVALID'
  readonly hint = 'see docs/how-to/sign-images.md; no policy is left out, so the server does not start'

  constructor(pattern: string, why: string, options: { cause?: unknown } = {}) {
    super(
      `trust.policies: policy for ${pattern}: ${why}`,
      options.cause === undefined ? undefined : { cause: options.cause },
    )
  }
}
