// An ISO on its way to the disk: while a program writes it, its checksum is computed and the disk takes it in, so that gigabytes need no second pass.
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { implantMd5 } from '../../server/media/implanted-md5.ts'
import { together } from './together.ts'

interface ChecksummedWriting {
  /** Of those written, how many the checksum has seen. */
  onBytes?: (bytes: number) => void
  signal?: AbortSignal
}

/** Few calls for gigabytes. */
const CHUNK_BYTES = 2 ** 20
/** How long to wait for more when the checksum is as far as the program. */
const CATCH_UP_MS = 5
/** How often the disk is made to take in what there is: rarely enough to cost little, and often enough to leave little for the end. */
const FLUSH_MS = 250

/**
 * Lets `write` fill the new file `path`, and resolves when the checksum is implanted in it and all of it is on the disk. What `write` starts must
 * not go back to bytes it has written: they are hashed by then. Throws what `write` throws; the file is the caller's to remove.
 */
export async function writeChecksummed(
  path: string,
  write: (signal: AbortSignal) => Promise<unknown>,
  { onBytes = () => {}, signal }: ChecksummedWriting = {},
): Promise<void> {
  await using file = await open(path, 'wx+')
  const ended = new AbortController()
  await together(
    [
      (either) => write(either).finally(() => ended.abort()),
      (either) => implantMd5(file, growingChunks(file, { ended: ended.signal, signal: either, onBytes })),
      () => flushWhile(file, ended.signal),
    ],
    signal,
  )
  await file.sync()
}

/** The bytes of a file to which others append, until `ended` says that all of them are there. */
async function* growingChunks(
  file: FileHandle,
  { ended, signal, onBytes }: { ended: AbortSignal; signal: AbortSignal; onBytes: (bytes: number) => void },
): AsyncGenerator<Buffer> {
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES)
  for (let position = 0; ;) {
    // Asked before reading: what came until then is read now.
    const isWhole = ended.aborted
    const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, position)
    signal.throwIfAborted()
    if (bytesRead > 0) {
      position += bytesRead
      onBytes(position)
      yield buffer.subarray(0, bytesRead)
    } else if (isWhole) {
      return
    } else {
      await pause(CATCH_UP_MS, ended)
    }
  }
}

async function flushWhile(file: FileHandle, ended: AbortSignal): Promise<void> {
  while (!ended.aborted) {
    await pause(FLUSH_MS, ended)
    await file.datasync()
  }
}

async function pause(ms: number, until: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal: until }).catch(() => {})
}
