// Runs the real TFTP server for interop tests: options as JSON in the only argument, events as JSON lines on stdout.
// It has a file `size-N` for every N; `read-N` is the same, read in pieces instead of from memory.

import { createTftpServer } from '../../server/tftp/server.ts'
import { pattern } from './tftp-pattern.ts'

export interface TftpConfig {
  address: string
  maxTransfersPerClient?: number
  maxTransfers?: number
}

const config = JSON.parse(process.argv[2] ?? '') as TftpConfig
const files = new Map<number, Buffer>()

const server = createTftpServer({
  ...config,
  source: async (name) => {
    const [, kind, digits] = /^(size|read)-(\d+)$/.exec(name) ?? []
    if (digits === undefined) return undefined
    const bytes = files.get(Number(digits)) ?? pattern(Number(digits))
    files.set(bytes.length, bytes)
    if (kind === 'size') return bytes
    return { size: bytes.length, read: async (offset, length) => bytes.subarray(offset, offset + length) }
  },
  onEvent: (event) => print(event),
})
process.once('SIGTERM', () => void server.stop())
await server.start()
print({ type: 'serving' })

function print(value: object): void {
  const replacer = (_key: string, field: unknown): unknown => (field instanceof Error ? field.message : field)
  process.stdout.write(`${JSON.stringify(value, replacer)}\n`)
}
