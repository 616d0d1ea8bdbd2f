// Why a configuration is refused: always with the place that is at fault.
import { CodedError } from '../contract/coded-error.ts'

export type ConfigErrorCode =
  | 'FILE_UNREADABLE'
  | 'SYNTAX'
  /** A key, variable or flag that does not exist. */
  | 'UNKNOWN_KEY'
  | 'INVALID_VALUE'
  /** Values that contradict each other, or this host. */
  | 'CONTRADICTION'

export class ConfigError extends CodedError<ConfigErrorCode> {
  override readonly name = 'ConfigError'
}
