// Runs a short host command to its end and turns a bad exit into an error that shows what it said.

import { execFile } from 'node:child_process'
import { LabError } from './errors.ts'

export interface CommandOptions {
  /** Milliseconds before the command is killed. */
  timeout?: number
  input?: string
  env?: NodeJS.ProcessEnv
  cwd?: string
}

export interface CommandResult {
  stdout: string
  stderr: string
}

const OUTPUT_LIMIT = 64 * 1024 * 1024

/** Resolves with what the command printed; throws COMMAND_FAILED unless it exits with 0 in time. */
export function run(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const { timeout = 60_000, input = '', env = process.env, cwd } = options
  const [file, ...args] = argv
  if (file === undefined) throw new LabError('COMMAND_FAILED', 'running a command: its argument list is empty')
  return new Promise((resolve, reject) => {
    const settings = { timeout, env, cwd, maxBuffer: OUTPUT_LIMIT, killSignal: 'SIGKILL' as const }
    const child = execFile(file, args, settings, (error, stdout, stderr) => {
      if (!error) return resolve({ stdout, stderr })
      const how = error.killed ? `killed after ${timeout} ms` : `exit ${error.code ?? error.signal}`
      const said = (stderr || stdout).trim().slice(-2000)
      reject(new LabError('COMMAND_FAILED', `running ${argv.join(' ')}: ${how}: ${said}`, { cause: error }))
    })
    // A command that exits without reading its input is no failure of its own.
    child.stdin?.on('error', () => {})
    child.stdin?.end(input)
  })
}
