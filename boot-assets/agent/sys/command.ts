// Runs programs: bounded output, a time limit, and errors that show what the program said.
import { spawn } from 'node:child_process'

/** Output kept per stream; a program that says more loses the beginning of it. */
const OUTPUT_LIMIT = 4 * 2 ** 20
const ERROR_TAIL = 2000

export interface RunOptions {
  /** Bytes for the program's standard input; without it, standard input is empty. */
  input?: string
  /** Milliseconds; 5 minutes by default. */
  timeout?: number
  /** Added to the agent's own environment. */
  env?: Record<string, string>
  signal?: AbortSignal
  /** What errors call it, where the command line itself tells nobody anything. */
  shownAs?: readonly string[]
  /** Called with each complete line of either stream as it comes. */
  onLine?: (line: string) => void
}

export interface RunResult {
  stdout: string
  stderr: string
  exitCode: number
}

export type CommandErrorReason = 'not-found' | 'exit' | 'signal' | 'timeout' | 'aborted'

/** A program that could not be started, was ended, or said no. The message ends with the tail of its stderr. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly reason: CommandErrorReason
  readonly command: readonly string[]
  readonly exitCode: number | undefined
  readonly stderr: string
  /** `ENOSPC` when the program said that the disk is full; undefined otherwise. */
  readonly code: string | undefined

  constructor(
    reason: CommandErrorReason,
    command: readonly string[],
    detail: string,
    stderr: string,
    options: ErrorOptions & { exitCode?: number | undefined } = {},
  ) {
    const tail = stderr.trim().slice(-ERROR_TAIL)
    super(`${command.join(' ')}: ${detail}${tail === '' ? '' : `: ${tail}`}`, options)
    this.reason = reason
    this.command = command
    this.exitCode = options.exitCode
    this.stderr = stderr
    this.code = reason === 'aborted' ? 'ABORT_ERR' : /No space left on device/.test(stderr) ? 'ENOSPC' : undefined
  }
}

/** Runs a program to its end. Rejects with {@link CommandError} unless it exits with 0. */
export function runCommand(
  command: string,
  args: readonly string[] = [],
  options: RunOptions = {},
): Promise<RunResult> {
  const { input, timeout = 300_000, env, signal, onLine, shownAs: line = [command, ...args] } = options
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(new CommandError('aborted', line, 'not started: cancelled', ''))
    const child = spawn(command, args, {
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      // C.UTF-8: messages we can parse, and libarchive and ostree need UTF-8 for file names.
      env: { ...process.env, LC_ALL: 'C.UTF-8', ...env },
      // A group of its own, so that a timeout also ends what the program started.
      detached: true,
    })
    const stdout = collect(child.stdout, onLine)
    const stderr = collect(child.stderr, onLine)
    let ended: CommandErrorReason | undefined
    const kill = (reason: CommandErrorReason) => {
      ended ??= reason
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
      } catch {
        // It ended by itself at this very moment.
      }
    }
    const timer = setTimeout(() => kill('timeout'), timeout)
    const onAbort = () => kill('aborted')
    signal?.addEventListener('abort', onAbort, { once: true })
    const settle = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
    }
    child.on('error', (cause) => {
      settle()
      reject(new CommandError('not-found', line, `cannot be started (${cause.message})`, '', { cause }))
    })
    child.on('close', (exitCode, endSignal) => {
      settle()
      const result = { stdout: stdout(), stderr: stderr(), exitCode: exitCode ?? -1 }
      if (ended === 'timeout') {
        reject(new CommandError('timeout', line, `not done after ${timeout / 1000} s`, result.stderr))
      } else if (ended === 'aborted') {
        reject(new CommandError('aborted', line, 'ended: cancelled', result.stderr))
      } else if (exitCode === null) {
        reject(new CommandError('signal', line, `killed by ${endSignal}`, result.stderr))
      } else if (exitCode !== 0) {
        reject(
          new CommandError('exit', line, `exit code ${exitCode}`, result.stderr || result.stdout.slice(-ERROR_TAIL), {
            exitCode,
          }),
        )
      } else {
        resolve(result)
      }
    })
    if (input !== undefined && child.stdin) {
      // A program may exit without reading its input; its exit code says more than our EPIPE.
      child.stdin.on('error', () => {})
      child.stdin.end(input)
    }
  })
}

function collect(stream: NodeJS.ReadableStream | null, onLine?: (line: string) => void): () => string {
  let text = ''
  let rest = ''
  stream?.setEncoding('utf8')
  stream?.on('data', (chunk: string) => {
    text = (text + chunk).slice(-OUTPUT_LIMIT)
    if (!onLine) return
    const lines = (rest + chunk).split(/[\r\n]+/)
    rest = (lines.pop() ?? '').slice(-ERROR_TAIL)
    for (const line of lines) if (line.trim() !== '') onLine(line)
  })
  return () => {
    if (rest.trim() !== '') onLine?.(rest)
    rest = ''
    return text
  }
}
