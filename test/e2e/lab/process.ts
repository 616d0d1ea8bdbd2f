// A long-running program of the lab: its output in a transcript, its end always known, and never outliving the lab.

import { spawn, type ChildProcess } from 'node:child_process'
import { LabError } from './errors.ts'
import { Transcript } from './transcript.ts'

export interface Exit {
  code: number | null
  signal: NodeJS.Signals | null
}

export interface ProcessOptions {
  /** Added to this process's environment. */
  env?: NodeJS.ProcessEnv
  cwd?: string
}

const STOP_GRACE = 10_000

/**
 * Runs `argv` under a parent-death signal: when the test process dies, however it dies, the program dies too.
 * `log` takes stdout and stderr, and is ended (not closed) when the program exits.
 */
export class LabProcess {
  readonly name: string
  readonly log: Transcript
  /** Resolves when the program has ended; never rejects. */
  readonly exited: Promise<Exit>
  #child: ChildProcess

  constructor(name: string, argv: readonly string[], log: Transcript, { env, cwd }: ProcessOptions = {}) {
    this.name = name
    this.log = log
    this.#child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...argv], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(cwd !== undefined && { cwd }),
    })
    this.#child.stdout?.on('data', (chunk: Buffer) => log.append(chunk))
    this.#child.stderr?.on('data', (chunk: Buffer) => log.append(chunk))
    this.exited = new Promise((resolve) => {
      this.#child.once('error', (error) => {
        log.append(Buffer.from(`${error.message}\n`))
        resolve({ code: null, signal: null })
      })
      this.#child.once('close', (code, signal) => resolve({ code, signal }))
    })
    void this.exited.then(({ code, signal }) => log.end(`${name} ended (${signal ?? `exit ${code}`})`))
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new LabError('ENDED', `${this.name} could not be started`)
    return this.#child.pid
  }

  get running(): boolean {
    return this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** SIGKILL: what a crash or the out-of-memory killer does. Resolves when the program is gone. */
  async kill(): Promise<Exit> {
    this.#child.kill('SIGKILL')
    return this.exited
  }

  /** SIGTERM, and SIGKILL if that is ignored for ten seconds. Resolves when the program is gone. */
  async stop(): Promise<Exit> {
    const hard = setTimeout(() => this.#child.kill('SIGKILL'), STOP_GRACE)
    this.#child.kill('SIGTERM')
    try {
      return await this.exited
    } finally {
      clearTimeout(hard)
    }
  }
}
