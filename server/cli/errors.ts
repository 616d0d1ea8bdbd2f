// Errors of the command line: text for people, exit code for scripts.

/** What `landfall` ends with, and what each means; the reference and the man pages print this. */
export const EXIT_CODES = {
  0: 'done',
  1: 'refused or failed; the message says why, with a stable code where the server has one',
  2: 'the call itself was wrong: unknown option, value that cannot be',
  3: 'the server could not be reached',
  4: 'not logged in, or not allowed',
  5: 'time ran out before what was waited for',
  6: '`diff`: there are differences',
  70: '`serve`: a bug ended the server; the log has the details',
} as const

export const DIFFERENT = 6

export type ExitCode = Exclude<keyof typeof EXIT_CODES, 0 | typeof DIFFERENT | 70>

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
