// The real server as a process of its own on loopback, for tests of what it does to people who run it.

import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, fetch, type RequestInit, type Response } from 'undici'
import { freePort } from '../../server/host/free-port.ts'
import { LOCAL_ACCESS_FILE, LocalAccess } from '../../server/contract/local-access.ts'

const COMMAND = resolve(import.meta.dirname, '../../server/cli/landfall.js')
/** Only ends what hangs: other work on the host may hold up everything. */
const START_MS = 300_000

export interface ServeOptions {
  /** Further flags. */
  flags?: readonly string[]
  /** Of an earlier server: the same ports again. */
  ports?: { http: number; https: number }
  /** Instead of what this process has of these variables. */
  env?: NodeJS.ProcessEnv
}

export interface CommandEnd {
  code: number
  stdout: string
  stderr: string
}

/** A running server. Disposing it ends it. */
export class Served implements AsyncDisposable {
  readonly dataDir: string
  readonly ports: { http: number; https: number }
  readonly access: LocalAccess
  readonly child: ChildProcess
  #output: string[]
  #dispatcher: Agent

  constructor(dataDir: string, ports: Served['ports'], access: LocalAccess, child: ChildProcess, output: string[]) {
    this.dataDir = dataDir
    this.ports = ports
    this.access = access
    this.child = child
    this.#output = output
    this.#dispatcher = new Agent({ connect: { ca: access.ca }, pipelining: 0 })
  }

  get http(): string {
    return `http://127.0.0.1:${this.ports.http}`
  }

  get https(): string {
    return `https://127.0.0.1:${this.ports.https}`
  }

  /** Everything it wrote, standard output and log. */
  get output(): string {
    return this.#output.join('')
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null
  }

  /** Bytes resident now. */
  async memory(): Promise<number> {
    const status = await readFile(`/proc/${this.child.pid}/status`, 'utf8')
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)![1]) * 1024
  }

  /** A call of the API as administrator, unless `headers` say who. */
  api(method: string, path: string, { headers, ...init }: RequestInit = {}): Promise<Response> {
    const url = new URL(path, this.https)
    const authorization = `Bearer ${this.access.token}`
    return fetch(url, {
      method,
      dispatcher: this.#dispatcher,
      headers: { authorization, ...(headers as object) },
      ...init,
    })
  }

  /** The same with a JSON body. */
  send(method: string, path: string, body: unknown): Promise<Response> {
    return this.api(method, path, { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } })
  }

  /** The script that a machine with this MAC is given. */
  async script(mac: string): Promise<string> {
    return (await fetch(`${this.http}/boot/ipxe?mac=${mac}&arch=x86_64&platform=efi`)).text()
  }

  /** Runs the real command line beside it. */
  cli(...args: string[]): Promise<CommandEnd> {
    return landfall(['--data-dir', this.dataDir, ...args])
  }

  /** Sends the signal and resolves with what the process ended with. */
  async end(signal: NodeJS.Signals): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    const exit = once(this.child, 'exit')
    this.child.kill(signal)
    const [code, by] = (await exit) as [number | null, NodeJS.Signals | null]
    return { code, signal: by }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.running) await this.end('SIGKILL')
    await this.#dispatcher.destroy()
  }
}

/** Starts `landfall serve` and resolves when it serves; rejects with what it said when it ends instead. */
export async function serve(dataDir: string, { flags = [], ports, env = {} }: ServeOptions = {}): Promise<Served> {
  await mkdir(dataDir, { recursive: true })
  const chosen = ports ?? { http: await freePort(), https: await freePort() }
  const child = spawn(process.execPath, [COMMAND, 'serve', '--data-dir', dataDir, ...loopback(chosen), ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...bareEnvironment(), ...env },
  })
  const output: string[] = []
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk.toString()))
  const deadline = Date.now() + START_MS
  while (!/^Landfall \S+ serves /m.test(output.join(''))) {
    if (child.exitCode !== null || Date.now() > deadline)
      throw new Error(`the server did not start: ${output.join('')}`)
    await sleep(50)
  }
  const access = LocalAccess.parse(JSON.parse(await readFile(join(dataDir, LOCAL_ACCESS_FILE), 'utf8')))
  return new Served(dataDir, chosen, access, child, output)
}

/** Flags that keep a server on loopback. */
export function loopback({ http, https }: { http: number; https: number }): string[] {
  const hosts = ['--http-host', '127.0.0.1', '--https-host', '127.0.0.1']
  return [...hosts, '--http-port', String(http), '--https-port', String(https)]
}

/** Runs a command of the real command line to its end; `input` is what is piped in. */
export function landfall(args: readonly string[], env: NodeJS.ProcessEnv = {}, input = ''): Promise<CommandEnd> {
  return new Promise((done) => {
    const options = { env: { ...bareEnvironment(), ...env }, timeout: 120_000, maxBuffer: 2 ** 26 }
    const child = execFile(process.execPath, [COMMAND, ...args], options, (error, stdout, stderr) => {
      done({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr })
    })
    child.stdin!.end(input)
  })
}

/** Without settings of whoever runs the tests. */
function bareEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^LANDFALL_(?!CACHE$)/.test(name)))
}
