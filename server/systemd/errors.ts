// Why units cannot be made or installed.
import { CodedError } from '../contract/coded-error.ts'

export type SystemdErrorCode =
  /** A path or name that a unit file cannot hold as it is. */
  | 'VALUE_UNSAFE'
  | 'NEEDS_ROOT'
  /** A unit of that name was not made by Landfall. */
  | 'FOREIGN_UNIT'
  | 'COMMAND_FAILED'

export class SystemdError extends CodedError<SystemdErrorCode> {
  override readonly name = 'SystemdError'
}
