// What can go wrong with Landfall's own keys and certificates.

export type PkiErrorCode = 'CA_INCOMPLETE' | 'CA_MISMATCH' | 'CA_EXPIRED' | 'PKI_UNREADABLE' | 'PKI_UNWRITABLE'

/** A certificate problem that stops the start; `hint` says what a person can do. */
export class PkiError extends Error {
  override readonly name = 'PkiError'
  readonly code: PkiErrorCode
  readonly hint: string | undefined

  constructor(code: PkiErrorCode, message: string, options: { cause?: unknown; hint?: string } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.hint = options.hint
  }
}
