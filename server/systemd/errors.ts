// Why units cannot be made or installed.

export type SystemdErrorCode =
  /** A path or name that a unit file cannot hold as it is. */
  | 'VALUE_UNSAFE'
  | 'NEEDS_ROOT'
  /** A unit of that name was not made by Landfall. */
  | 'FOREIGN_UNIT'
  | 'COMMAND_FAILED'

export class SystemdError extends Error {
  override readonly name = 'SystemdError'
  readonly code: SystemdErrorCode
  readonly hint: string

  constructor(code: SystemdErrorCode, message: string, { hint, cause }: { hint: string; cause?: unknown }) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.hint = hint
  }
}
