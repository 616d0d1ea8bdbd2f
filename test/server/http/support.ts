// A server for one test, and what its answers are read by.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Problem } from '../../../server/contract/system.ts'
import { memoryServer } from './memory-server.ts'

export { SYSTEM } from './memory-server.ts'

export async function testServer() {
  const dir = await mkdtemp(join(tmpdir(), 'landfall-http-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  const server = await memoryServer(dir)
  onTestFinished(() => server.reading.stop())
  return server
}

export type TestServer = Awaited<ReturnType<typeof testServer>>

export async function problemOf(response: Response | Promise<Response>): Promise<Problem> {
  const answer = await response
  if (answer.headers.get('content-type') !== 'application/problem+json') {
    throw new Error(`not a problem: ${answer.status} ${await answer.text()}`)
  }
  return (await answer.json()) as Problem
}
