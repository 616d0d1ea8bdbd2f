// What can go wrong between a registry, an archive and the store.

export type OciErrorCode =
  | 'REFERENCE_INVALID'
  | 'MANIFEST_INVALID'
  | 'MANIFEST_UNKNOWN'
  | 'BLOB_UNKNOWN'
  | 'DIGEST_MISMATCH'
  | 'SIZE_MISMATCH'
  | 'ARCHIVE_INVALID'
  | 'UNAUTHORIZED'
  | 'REGISTRY_UNREACHABLE'
  | 'REGISTRY_ERROR'
  | 'NO_SPACE'
  | 'STORE_IO'
  | 'ABORTED'

/** An error of the image side; `code` is stable, `temporary` says whether trying again can help. */
export class OciError extends Error {
  override readonly name = 'OciError'
  readonly code: OciErrorCode
  readonly temporary: boolean
  readonly hint: string | undefined

  constructor(
    code: OciErrorCode,
    message: string,
    options: { cause?: unknown; temporary?: boolean; hint?: string } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.temporary = options.temporary ?? false
    this.hint = options.hint
  }
}
