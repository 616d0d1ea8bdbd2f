// Clients that read slowly or not at all, against the real listener: they hold nothing, and are cut only when nothing moves.
import { randomBytes } from 'node:crypto'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { run } from '../e2e/lab/command.ts'
import type { HttpConfig } from './http-serve.ts'

const SERVE = join(import.meta.dirname, 'http-serve.ts')
const SLOW = join(import.meta.dirname, 'slow-http.pl')
const PATH = '/boot/installer/vmlinuz'
const MINUTE = 60_000
const MIB = 2 ** 20
const SIZE = 16 * MIB

let folder: string
let file: string
let content: Buffer
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'landfall-slow-'))
  file = join(folder, 'vmlinuz')
  content = randomBytes(SIZE)
  await writeFile(file, content)
})
afterAll(() => rm(folder, { recursive: true }))

/** A program and its lines of output; ended with the test. */
function start(argv: string[]) {
  const [program, ...args] = argv
  const child = spawn(program!, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const line = async (): Promise<string> => ((await lines.next()) as { value: string }).value
  return { child, line }
}

async function serve(options: Omit<HttpConfig, 'file'>) {
  const { child, line } = start([process.execPath, SERVE, JSON.stringify({ file, ...options })])
  const { port } = JSON.parse(await line()) as { port: number }
  const url = `http://127.0.0.1:${port}${PATH}`
  return {
    port,
    /** Fetches by curl, and compares. */
    async fetch() {
      const got = join(folder, 'got')
      await run(['curl', '-sS', '-o', got, url])
      expect(Buffer.compare(await readFile(got), content)).toBe(0)
    },
    rss: async () =>
      Number(/^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${child.pid!}/status`, 'utf8'))![1]) * 1024,
  }
}

/** `count` downloads, of which each takes `bytes` every `ms`. */
async function slow(port: number, count: number, bytes: number, ms: number) {
  const { child, line } = start(['perl', SLOW, String(port), PATH, String(count), String(bytes), String(ms)])
  expect(await line()).toBe('asked')
  return {
    /** How many are still open at the end. */
    async end(): Promise<number> {
      child.stdin.end()
      const [, open] = /^open (\d+)$/.exec(await line()) ?? []
      await once(child, 'close')
      return Number(open)
    },
  }
}

describe('slow clients', () => {
  it('100 stalled downloads cost next to no memory, and nobody else waits', { timeout: 3 * MINUTE }, async () => {
    const { port, fetch, rss } = await serve({ connections: { total: 2000 } })
    for (let n = 0; n < 3; n++) await fetch()
    const before = await rss()
    await slow(port, 100, 0, 1000)
    await sleep(1000)
    const grown = (await rss()) - before
    await fetch()
    expect(grown).toBeLessThan(32 * MIB)
    console.log(`100 stalled downloads: ${Math.round(grown / MIB)} MiB`)
  })

  it('one that moves is not cut, one that does not is', { timeout: 3 * MINUTE }, async () => {
    const { port } = await serve({ idleTimeout: 3000 })
    // To the server a download moves when a third of the kernel's send buffer, up to some 4 MB, is free again.
    const [moving, stalled] = await Promise.all([slow(port, 5, 20_000, 20), slow(port, 5, 0, 1000)])
    await sleep(6000)
    expect(await moving.end()).toBe(5)
    expect(await stalled.end()).toBe(0)
  })
})
