// Runs the real TFTP server for interop tests: options as JSON in the only argument, events as JSON lines on stdout.
// It has a file `size-N` for every N; `read-N` is the same, read in pieces instead of from memory. Given a folder it serves that folder's
// files instead, as Landfall serves loaders.

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileSource } from '../../server/tftp/file-source.ts'
import { createTftpServer } from '../../server/tftp/server.ts'
import type { ReadableFile } from '../../server/tftp/source.ts'
import { pattern } from './tftp-pattern.ts'

export interface TftpConfig {
  address: string
  port?: number
  maxTransfersPerClient?: number
  maxTransfers?: number
  transferPorts?: { from: number; to: number }
  folder?: string
}

const { folder, ...config } = JSON.parse(process.argv[2] ?? '') as TftpConfig
const files = new Map<number, Buffer>()

const server = createTftpServer({
  ...config,
  source: folder === undefined ? patterns : fileSource(() => filesOf(folder), {}),
  onEvent: (event) => print(event),
})
process.once('SIGTERM', () => void server.stop())
await server.start()
print({ type: 'serving' })

async function patterns(name: string): Promise<Uint8Array | ReadableFile | undefined> {
  const [, kind, digits] = /^(size|read)-(\d+)$/.exec(name) ?? []
  if (digits === undefined) return undefined
  const bytes = files.get(Number(digits)) ?? pattern(Number(digits))
  files.set(bytes.length, bytes)
  if (kind === 'size') return bytes
  return { size: bytes.length, read: async (offset, length) => bytes.subarray(offset, offset + length) }
}

function filesOf(path: string): Record<string, string> {
  return Object.fromEntries(readdirSync(path).map((name) => [name, join(path, name)]))
}

function print(value: object): void {
  const replacer = (_key: string, field: unknown): unknown => (field instanceof Error ? field.message : field)
  process.stdout.write(`${JSON.stringify(value, replacer)}\n`)
}
