// What can go wrong between a registry, an archive and the store.
import { CodedError } from '../contract/coded-error.ts'

export type OciErrorCode =
  | 'REFERENCE_INVALID'
  | 'MANIFEST_INVALID'
  | 'MANIFEST_UNKNOWN'
  | 'TOO_MANY_LAYERS'
  /** A name in an archive leads out of it. */
  | 'PATH_INVALID'
  | 'BLOB_UNKNOWN'
  | 'DIGEST_MISMATCH'
  | 'SIZE_MISMATCH'
  | 'ARCHIVE_INVALID'
  | 'UNAUTHORIZED'
  | 'REGISTRY_UNREACHABLE'
  | 'REGISTRY_ERROR'
  /** The configuration of a registry cannot be used. */
  | 'UPSTREAM_INVALID'
  | 'NO_SPACE'
  /** The images would take more than they may. */
  | 'QUOTA_EXCEEDED'
  /** A machine runs it, or shall. */
  | 'IMAGE_IN_USE'
  | 'STORE_IO'
  | 'ABORTED'

/** An error of the image side; `code` is stable, `temporary` says whether trying again can help. */
export class OciError extends CodedError<OciErrorCode> {
  override readonly name = 'OciError'
  readonly temporary: boolean

  constructor(
    code: OciErrorCode,
    message: string,
    options: { cause?: unknown; temporary?: boolean; hint?: string } = {},
  ) {
    super(code, message, options)
    this.temporary = options.temporary ?? false
  }
}
