// What all errors of the parts have in common.

/**
 * An error with a stable code out of a closed union, and a hint that names the next step where a person can act.
 * Each part has a class of its own, so that `catch` can tell whose error it is.
 */
export abstract class CodedError<Code extends string> extends Error {
  readonly code: Code
  readonly hint: string | undefined

  constructor(code: Code, message: string, options: { hint?: string | undefined; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.hint = options.hint
  }
}
