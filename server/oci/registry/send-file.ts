// A file's bytes onto a connection: one block is on its way while the next is read, and both buffers are used again and again.
import type { FileHandle } from 'node:fs/promises'
import type { Writable } from 'node:stream'

/** Large enough that the cost of a step is small beside that of its bytes; two of these are all the memory a transfer takes. */
export const BLOCK_BYTES = 256 * 1024

/**
 * Writes bytes `start` to `end` (inclusive) and ends the stream. Resolves also when the reader went away; rejects, after cutting the
 * connection, if the file cannot be read or is shorter: the reader must not take what it got for the whole.
 */
export async function sendFile(file: FileHandle, start: number, end: number, out: Writable): Promise<void> {
  const idle = [buffer(end - start + 1), buffer(end - start + 1 - BLOCK_BYTES)]
  let sent: Promise<boolean> = Promise.resolve(true)
  const closed = new Promise<false>((resolve) => out.once('close', () => resolve(false)))
  try {
    for (let at = start; at <= end;) {
      const block = idle.shift()!
      const bytes = Math.min(block.length, end - at + 1)
      await readFully(file, block, bytes, at)
      if (!(await sent) || out.destroyed) return
      sent = written(out, block.subarray(0, bytes), closed)
      idle.push(block)
      at += bytes
    }
    if (await sent) out.end()
  } catch (error) {
    out.destroy()
    throw error
  }
}

/** A buffer of its own for a transfer, no larger than what is to be sent. */
function buffer(bytes: number): Buffer {
  return Buffer.allocUnsafeSlow(Math.max(0, Math.min(BLOCK_BYTES, bytes)))
}

async function readFully(file: FileHandle, block: Buffer, bytes: number, position: number): Promise<void> {
  for (let done = 0; done < bytes;) {
    const { bytesRead } = await file.read(block, done, bytes - done, position + done)
    if (bytesRead === 0) throw new Error(`the file ends at ${position + done}, more was promised`)
    done += bytesRead
  }
}

/** False when the reader is gone. Until then the kernel may still read from `block`. */
function written(out: Writable, block: Uint8Array, closed: Promise<false>): Promise<boolean> {
  const flushed = new Promise<boolean>((resolve) => out.write(block, (error) => resolve(!error)))
  return Promise.race([flushed, closed])
}
