import { CodedError } from '../contract/coded-error.ts'
/** Failures of the DHCP service that a caller may have to tell apart. */

/** Why a DHCP operation failed; switch on this, show `message` to people. */
export type DhcpErrorCode =
  'INVALID_CONFIG' | 'OPTION_TOO_LONG' | 'REPLY_TOO_LARGE' | 'ADDRESS_IN_USE' | 'NOT_PERMITTED' | 'LISTEN_FAILED'

/** Carries a closed code beside the readable text; `cause` holds what lay beneath. */
export class DhcpError extends CodedError<DhcpErrorCode> {
  override readonly name = 'DhcpError'
}
