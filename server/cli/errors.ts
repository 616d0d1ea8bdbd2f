// Errors of the command line: text for people, exit code for scripts.

/** 1: refused or failed; 2: the call itself was wrong; 3: the server could not be reached; 4: not logged in or not allowed. */
export type ExitCode = 1 | 2 | 3 | 4

export class CliError extends Error {
  override readonly name = 'CliError'
  readonly exitCode: ExitCode
  readonly hint: string | undefined
  /** The server's problem code, where it came from there. */
  readonly code: string | undefined

  constructor(message: string, options: { exitCode?: ExitCode; hint?: string; code?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.exitCode = options.exitCode ?? 1
    this.hint = options.hint
    this.code = options.code
  }
}
