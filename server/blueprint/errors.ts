// Why a blueprint is refused: always with the key that is at fault.
import { CodedError } from '../contract/coded-error.ts'

export type BlueprintErrorCode =
  | 'FILE_UNREADABLE'
  /** Neither TOML nor JSON. */
  | 'SYNTAX'
  | 'UNKNOWN_KEY'
  | 'INVALID_VALUE'
  /** Keys that exclude each other. */
  | 'CONTRADICTION'
  /** Keys that the format knows and that cannot be applied to what is made. */
  | 'UNSUPPORTED'

export class BlueprintError extends CodedError<BlueprintErrorCode> {
  override readonly name = 'BlueprintError'
}
