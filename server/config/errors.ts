// Why a configuration is refused: always with the place that is at fault.

export type ConfigErrorCode =
  | 'FILE_UNREADABLE'
  | 'SYNTAX'
  /** A key, variable or flag that does not exist. */
  | 'UNKNOWN_KEY'
  | 'INVALID_VALUE'
  /** Values that contradict each other, or this host. */
  | 'CONTRADICTION'

export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly code: ConfigErrorCode
  readonly hint: string | undefined

  constructor(code: ConfigErrorCode, message: string, options: { hint?: string | undefined; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.hint = options.hint
  }
}
