// Why a single signature does not count.
import type { TrustCode } from '../contract/trust.ts'

export class TrustError extends Error {
  override readonly name = 'TrustError'
  readonly code: TrustCode

  constructor(code: TrustCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
