// What commands send: files and streams, with progress on standard error.
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { CliError } from './errors.ts'
import type { ProgressLine } from './progress.ts'

export interface Sendable {
  stream: AsyncIterable<Uint8Array>
  /** 0 while it is not known. */
  totalBytes: number
}

/** A file, or standard input for `-`. Throws CliError 2 for what is not there, and for folders. */
export async function openFile(path: string): Promise<Sendable> {
  if (path === '-') return { stream: process.stdin, totalBytes: 0 }
  const found = await stat(path).catch((cause: unknown) => {
    throw new CliError(`${path}: ${(cause as { code?: string }).code ?? String(cause)}`, { exitCode: 2, cause })
  })
  if (found.isDirectory()) throw new CliError(`${path} is a folder`, { exitCode: 2 })
  return { stream: createReadStream(path, { highWaterMark: 2 ** 18 }), totalBytes: found.size }
}

/** The same bytes, telling on the line how many are gone. */
export function sending({ stream, totalBytes }: Sendable, line: ProgressLine): Readable {
  return Readable.from(
    counting(stream, (sent) => line.update(sent, Math.max(totalBytes, sent), 'sending')),
    { objectMode: false },
  )
}

async function* counting(
  source: AsyncIterable<Uint8Array>,
  onBytes: (sum: number) => void,
): AsyncGenerator<Uint8Array> {
  let sum = 0
  for await (const chunk of source) {
    onBytes((sum += chunk.length))
    yield chunk
  }
}
