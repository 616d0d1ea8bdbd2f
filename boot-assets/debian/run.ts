// Runs a program of the build host, its output line by line to a log.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

export type Log = (line: string) => void

export class CommandError extends Error {
  override name = 'CommandError'
  readonly code: 'NOT_FOUND' | 'FAILED'
  constructor(code: CommandError['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

export interface RunOptions {
  /** Receives what the program prints on standard error. */
  log?: Log
  env?: Record<string, string>
  cwd?: string
  /** Ends the program. */
  signal?: AbortSignal
}

/** How many of the last lines of standard error an error message repeats. */
const TAIL_LINES = 15

/** Runs `file` without a shell and returns its standard output; throws CommandError with the end of its standard error. */
export async function run(file: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { log, env, cwd, signal } = options
  const child = spawn(file, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C.UTF-8', ...env },
    ...(cwd === undefined ? {} : { cwd }),
    ...(signal === undefined ? {} : { signal }),
  })
  const output: Buffer[] = []
  const tail: string[] = []
  child.stdout.on('data', (data: Buffer) => output.push(data))
  createInterface({ input: child.stderr }).on('line', (line) => {
    log?.(line)
    tail.push(line)
    if (tail.length > TAIL_LINES) tail.shift()
  })
  const ended = await new Promise<string>((resolve, reject) => {
    child.once('error', (cause) => {
      // What was called off has ended when this rejects: the caller may remove what it wrote.
      if (signal?.aborted) return child.once('close', () => reject(cause))
      reject(new CommandError('NOT_FOUND', `starting ${file}: ${cause.message}`, { cause }))
    })
    child.once('close', (code, signal) => resolve(code === null ? `signal ${signal}` : `status ${code}`))
  })
  if (ended !== 'status 0') {
    throw new CommandError('FAILED', `${file} ended with ${ended}${tail.map((line) => `\n  ${line}`).join('')}`)
  }
  return Buffer.concat(output).toString()
}
