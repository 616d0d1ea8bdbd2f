// What can go wrong with Landfall's own keys and certificates.
import { CodedError } from '../contract/coded-error.ts'

export type PkiErrorCode =
  | 'CA_INCOMPLETE'
  | 'CA_MISMATCH'
  | 'CA_EXPIRED'
  | 'PKI_UNREADABLE'
  | 'PKI_UNWRITABLE'
  /** The certificate that the configuration names is of no use. */
  | 'GIVEN_INVALID'

/** A certificate problem that stops the start; `hint` says what a person can do. */
export class PkiError extends CodedError<PkiErrorCode> {
  override readonly name = 'PkiError'
}
