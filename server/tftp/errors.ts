import { CodedError } from '../contract/coded-error.ts'
/** Failures of the TFTP service that a caller may have to tell apart. */

export type TftpErrorCode = 'ADDRESS_IN_USE' | 'NOT_PERMITTED' | 'LISTEN_FAILED' | 'SOURCE_TOO_SHORT' | 'TOO_LARGE'

/** Carries a closed code beside the readable text; `cause` holds what lay beneath. */
export class TftpError extends CodedError<TftpErrorCode> {
  override readonly name = 'TftpError'
}
