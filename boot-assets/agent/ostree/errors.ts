// What can go wrong while an image becomes an OSTree commit.
import { CodedError } from '../../../server/contract/coded-error.ts'

export type OstreeErrorCode =
  | 'IMAGE_INVALID'
  /** A path with `..`, or a name that is not UTF-8 or longer than a file system allows. */
  | 'PATH_INVALID'
  /** One layer wants the same path to be a file and a directory. */
  | 'PATH_CONFLICT'
  /** Its tree does not fit into the memory of one worker. */
  | 'TOO_MANY_FILES'
  | 'HARDLINK_TARGET_MISSING'
  /** A device or fifo outside the folders that are dropped. */
  | 'FILE_TYPE_UNSUPPORTED'
  | 'WHITEOUT_INVALID'
  /** A layer that should hold objects of the embedded OSTree commit holds something else, or not all that belongs to them. */
  | 'CHUNK_INVALID'
  | 'REPO_INVALID'
  | 'OBJECT_MISSING'
  | 'OBJECT_INVALID'
  | 'XATTR_FAILED'
  | 'NO_SPACE'
  | 'REPO_IO'
  | 'WORKER_DIED'
  | 'ABORTED'

/** An error of the OSTree side; `code` is stable. */
export class OstreeError extends CodedError<OstreeErrorCode> {
  override readonly name = 'OstreeError'
}
