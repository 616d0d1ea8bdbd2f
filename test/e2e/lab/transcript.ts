// What a console or a program said, kept whole: in memory for waiting on a line, in a file for people.

import { createWriteStream, type WriteStream } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'
import { stripVTControlCharacters } from 'node:util'
import { LabError } from './errors.ts'

export interface WaitOptions {
  /** Milliseconds until TIMED_OUT. */
  timeout?: number
  /** Also look at what was said before the last match of an earlier wait. */
  fromStart?: boolean
}

interface Waiter {
  pattern: RegExp
  /** First line it has not looked at yet. */
  next: number
  settle(match: RegExpExecArray): void
  fail(error: LabError): void
}

const DEFAULT_TIMEOUT = 600_000
const TAIL_LINES = 25

/**
 * An append-only log. Waits consume it: each starts behind the last line that an earlier wait matched, so that a second
 * boot is never mistaken for the first. Terminal control sequences are taken out of what is matched, not of the file.
 */
export class Transcript {
  readonly name: string
  readonly path: string
  readonly lines: string[] = []
  #file: WriteStream
  #decoder = new StringDecoder('utf8')
  #partial = ''
  #cursor = 0
  #waiters = new Set<Waiter>()
  #ended: string | undefined

  constructor(name: string, path: string) {
    this.name = name
    this.path = path
    this.#file = createWriteStream(path, { flags: 'a' })
  }

  append(chunk: Buffer): void {
    this.#ended = undefined
    this.#file.write(chunk)
    // A lone carriage return ends a line too: progress is drawn over itself, and each state of it is worth keeping.
    const parts = (this.#partial + this.#decoder.write(chunk)).split(/[\r\n]+/)
    this.#partial = parts.pop() ?? ''
    for (const part of parts) if (part !== '') this.lines.push(clean(part))
    for (const waiter of this.#waiters) this.#tryWaiter(waiter)
  }

  /** Says that nothing more can come for now (the program exited, the machine lost power): open waits fail at once. */
  end(reason: string): void {
    if (this.#partial !== '') this.lines.push(clean(this.#partial))
    this.#partial = ''
    this.#ended = reason
    for (const waiter of this.#waiters) {
      waiter.fail(new LabError('ENDED', this.#explain(`${reason} while waiting for ${waiter.pattern}`)))
    }
  }

  /**
   * Resolves with the first line that matches, also an unfinished one such as a prompt.
   * Throws TIMED_OUT or ENDED with the last lines in the message.
   */
  waitForLine(pattern: RegExp, { timeout = DEFAULT_TIMEOUT, fromStart = false }: WaitOptions = {}) {
    if (fromStart) this.#cursor = 0
    return new Promise<RegExpExecArray>((resolve, reject) => {
      const timer = setTimeout(
        () => waiter.fail(new LabError('TIMED_OUT', this.#explain(`waited ${timeout / 1000} s for ${pattern}`))),
        timeout,
      )
      const done = () => {
        clearTimeout(timer)
        this.#waiters.delete(waiter)
      }
      const waiter: Waiter = {
        pattern,
        next: this.#cursor,
        settle: (match) => (done(), resolve(match)),
        fail: (error) => (done(), reject(error)),
      }
      this.#waiters.add(waiter)
      if (!this.#tryWaiter(waiter) && this.#ended !== undefined) this.end(this.#ended)
    })
  }

  /** All lines that match, from the start. */
  matching(pattern: RegExp): string[] {
    return this.lines.filter((line) => pattern.test(line))
  }

  tail(count = TAIL_LINES): string {
    return [...this.lines, clean(this.#partial)].slice(-count).join('\n')
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#file.end(resolve))
  }

  #tryWaiter(waiter: Waiter): boolean {
    for (; waiter.next < this.lines.length; waiter.next++) {
      const match = waiter.pattern.exec(this.lines[waiter.next] ?? '')
      if (match) return this.#settle(waiter, match, waiter.next + 1)
    }
    const match = this.#partial === '' ? null : waiter.pattern.exec(clean(this.#partial))
    // The rest of this line is still to come: it counts as read, so that the next wait cannot match it again.
    return match !== null && this.#settle(waiter, match, this.lines.length + 1)
  }

  #settle(waiter: Waiter, match: RegExpExecArray, cursor: number): true {
    this.#cursor = cursor
    waiter.settle(match)
    return true
  }

  #explain(what: string): string {
    return `${this.name}: ${what}; whole log in ${this.path}; it ends with:\n${this.tail()}`
  }
}

/** The firmware's "ESC [ = 3 h", which Node leaves in. */
const SCREEN_MODE = new RegExp(`${String.fromCharCode(27)}\\[=\\d+[hl]`, 'g')

/** A line as a person reads it. */
function clean(line: string): string {
  return stripVTControlCharacters(line.replace(SCREEN_MODE, ''))
}
