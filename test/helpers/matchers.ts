// Assertions on errors by their code: people read the message, tests assert the code.

import { expect } from 'vitest'

declare module 'vitest' {
  // Type parameters as in vitest's own declaration.
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> {
    /** Passes when the called function threw, or the awaited promise rejected with, an error of this class and code. */
    toThrowWithCode(errorClass: new (...args: never[]) => Error, code: string): R
  }
}

type ErrorClass = new (...args: never[]) => Error

expect.extend({
  toThrowWithCode(received: unknown, errorClass: ErrorClass, code: string) {
    const thrown = this.promise === 'rejects' ? received : catchFrom(received)
    const got =
      thrown instanceof Error ? `${thrown.constructor.name} ${codeOf(thrown)}: ${thrown.message}` : String(thrown)
    return {
      pass: thrown instanceof errorClass && codeOf(thrown) === code,
      message: () =>
        `expected ${this.isNot ? 'anything but ' : ''}${errorClass.name} ${code}, got ${thrown === NOTHING ? 'no error' : got}`,
      actual: codeOf(thrown),
      expected: code,
    }
  },
})

const NOTHING = Symbol('nothing was thrown')

function catchFrom(received: unknown): unknown {
  if (typeof received !== 'function')
    throw new TypeError('toThrowWithCode needs a function, or `.rejects` on a promise')
  try {
    received()
    return NOTHING
  } catch (error) {
    return error
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
