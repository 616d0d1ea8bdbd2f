// One run of gpg in a home of its own: no keyring of whoever runs the server, no agent, no network, bounded time and output.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { TrustError } from '../trust/errors.ts'

/** What is signed has some hundred bytes; a compressed message can say anything of its length. */
const MAX_OUTPUT = 64 * 1024
const TIME_MS = 10_000

const OPTIONS = [
  '--no-options',
  '--batch',
  '--no-tty',
  '--no-autostart',
  '--disable-dirmngr',
  '--no-auto-key-locate',
  '--no-auto-key-retrieve',
  '--no-auto-check-trustdb',
  // Who is believed is settled by the policy: its keys are all there are.
  '--trust-model=always',
  `--max-output=${MAX_OUTPUT}`,
  '--status-fd=3',
]

export interface GpgRun {
  code: number | null
  output: Buffer
  status: string
  /** Its last words, for people. */
  complaint: string
}

/** Throws TrustError GPG_UNAVAILABLE where it cannot be started or does not end. */
export async function runGpg(program: string, home: string, args: readonly string[], input: Buffer): Promise<GpgRun> {
  const child = spawn(program, ['--homedir', home, ...OPTIONS, ...args], {
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], HOME: home, LC_ALL: 'C' },
    timeout: TIME_MS,
    killSignal: 'SIGKILL',
  })
  const [stdin, stdout, stderr, status] = child.stdio
  // A gpg that ends before it has read everything says why elsewhere.
  stdin.on('error', () => {})
  stdin.end(input)
  try {
    const [[code, signal], output, complaint, told] = await Promise.all([
      once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>,
      bounded(stdout),
      bounded(stderr),
      bounded(status as Readable),
    ])
    if (signal !== null) throw new Error(`it was ended by ${signal} after at most ${TIME_MS / 1000} s`)
    return { code, output, status: told.toString(), complaint: complaint.toString().trim().split('\n').at(-1) ?? '' }
  } catch (cause) {
    child.kill('SIGKILL')
    const missing = (cause as { code?: unknown }).code === 'ENOENT'
    const why = missing ? 'gpg is not installed on the server' : `gpg failed: ${(cause as Error).message}`
    throw new TrustError('GPG_UNAVAILABLE', why, { cause })
  }
}

async function bounded(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > 2 * MAX_OUTPUT) throw new Error('it says more than any signature needs')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
