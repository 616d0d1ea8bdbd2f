// Why a blueprint is refused: always with the key that is at fault.

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

export class BlueprintError extends Error {
  override readonly name = 'BlueprintError'
  readonly code: BlueprintErrorCode
  readonly hint: string | undefined

  constructor(code: BlueprintErrorCode, message: string, options: { hint?: string | undefined; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.hint = options.hint
  }
}
