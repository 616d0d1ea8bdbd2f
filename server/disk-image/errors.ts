// Why a disk image could not be made.
import { CodedError } from '../contract/coded-error.ts'

export type DiskImageErrorCode =
  | 'SIZE_INVALID'
  | 'SIZE_TOO_SMALL'
  /** On the host. */
  | 'NO_SPACE'
  | 'OUTPUT_EXISTS'
  | 'OUTPUT_UNWRITABLE'
  /** The installer itself ended with a reason code, which the message names. */
  | 'INSTALL_FAILED'
  /** The virtual machine ended, or came to a standstill, before its installer was done. */
  | 'MACHINE_ENDED'
  | 'MACHINE_STALLED'
  | 'CONVERT_FAILED'
  | 'ABORTED'

export class DiskImageError extends CodedError<DiskImageErrorCode> {
  override readonly name = 'DiskImageError'
}
