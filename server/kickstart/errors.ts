// What can be wrong with a kickstart, found before a machine finds it.
import { CodedError } from '../contract/coded-error.ts'

/** One thing wrong; `line` counts from 1 in the text it was found in. */
export interface KickstartProblem {
  line: number
  message: string
}

export type KickstartErrorCode =
  /** The text does not parse, or would not do what it is for. */
  | 'KICKSTART_INVALID'
  /** A value cannot be written in a kickstart. */
  | 'VALUE_UNSAFE'
  /** What the spec asks for cannot be had of this release or in this combination. */
  | 'SPEC_UNSUPPORTED'

/** A kickstart that is not served. */
export class KickstartError extends CodedError<KickstartErrorCode> {
  override readonly name = 'KickstartError'
  readonly problems: readonly KickstartProblem[]

  constructor(
    code: KickstartErrorCode,
    message: string,
    options: { hint?: string; problems?: readonly KickstartProblem[]; cause?: unknown } = {},
  ) {
    super(code, message, options)
    this.problems = options.problems ?? []
  }
}
