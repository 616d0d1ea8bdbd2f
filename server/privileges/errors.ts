// Why a server cannot run as the user it was told to.
import { CodedError } from '../contract/coded-error.ts'

export type PrivilegeErrorCode =
  | 'USER_UNKNOWN'
  /** Only root can become somebody else. */
  | 'NOT_ROOT'
  /** The host or the container it runs in does not let root become somebody else. */
  | 'CANNOT_CHANGE_USER'
  /** The user cannot read the program or the configuration, or cannot reach the data folder. */
  | 'UNREACHABLE'
  /** The data folder, or something in it, belongs to somebody else. */
  | 'FOREIGN_FILES'

export class PrivilegeError extends CodedError<PrivilegeErrorCode> {
  override readonly name = 'PrivilegeError'
}
