// Bytes onto a connection: of a file, past this process's memory or with one buffer that is used again and again, or as they come from elsewhere.
import { readSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import type { Writable } from 'node:stream'
import { passOn } from '../../host/system-calls.ts'
import { freeChunk } from '../free-chunk.ts'

/** Large enough that the cost of a step is small beside that of its bytes, small enough for the processor's cache. */
const BLOCK_BYTES = 256 * 1024
/** What is passed on in one step: little enough that a disk which must be waited for is noticed soon. */
const PASSED_BYTES = 8 * BLOCK_BYTES
/** Between two such steps, only for the sake of being told when the connection takes more: each byte of it is copied. One page. */
const BETWEEN_BYTES = 4096
/** A step that took longer may have been one of the disk, and everything else had to wait for it. */
const SLOW_MS = 4
/** For so long another thread reads then. Over and over it would cost as much as the sending itself. */
const PATIENT_BYTES = 64 * BLOCK_BYTES

/**
 * Writes bytes `start` to `end` (inclusive) and ends the stream. Resolves also when the reader went away; rejects, after cutting the
 * connection, if the file cannot be read or is shorter: the reader must not take what it got for the whole. Of a response, the header with its
 * Content-Length has been sent.
 */
export async function sendFile(file: FileHandle, start: number, end: number, out: Writable): Promise<void> {
  let buffer = Buffer.alloc(0)
  const closed = new Promise<false>((resolve) => out.once('close', () => resolve(false)))
  let passes = false
  let patientUntil = start
  let diskReads = process.resourceUsage().fsRead
  try {
    for (let at = start; at <= end;) {
      const began = performance.now()
      const isPatient = at < patientUntil
      const passed = isPatient ? 0 : passOn(file.fd, at, Math.min(PASSED_BYTES, end - at + 1), out)
      if (passed > 0) passes = true
      at += passed
      // The rest of this step is written by Node, whatever came of that: Node is who learns when the connection takes more.
      const wanted = Math.min(passes && !isPatient ? BETWEEN_BYTES : BLOCK_BYTES, end - at + 1)
      if (wanted === 0) break
      if (buffer.length < wanted) buffer = Buffer.allocUnsafeSlow(wanted)
      // What is in the kernel's memory, as images usually are that machines are installed from, is copied faster than a thread is woken.
      const got = isPatient
        ? (await file.read(buffer, 0, wanted, at)).bytesRead
        : readSync(file.fd, buffer, 0, wanted, at)
      if (!isPatient && performance.now() - began > SLOW_MS) {
        // On a busy host it may also have been the turn of other processes.
        const now = process.resourceUsage().fsRead
        if (now > diskReads) patientUntil = at + PATIENT_BYTES
        diskReads = now
      }
      if (got === 0) throw new Error(`the file ends at ${at}, ${end + 1} bytes were promised`)
      if (!(await written(out, got === buffer.length ? buffer : buffer.subarray(0, got), closed))) return
      at += got
    }
    freeChunk(buffer)
    out.end()
  } catch (error) {
    out.destroy()
    throw error
  }
}

/**
 * Writes what comes and ends the stream. Resolves also when the reader went away; rejects, after cutting the connection, when `chunks` ends
 * early by an error.
 */
export async function sendChunks(chunks: AsyncIterable<Uint8Array>, out: Writable): Promise<void> {
  const closed = new Promise<false>((resolve) => out.once('close', () => resolve(false)))
  try {
    for await (const chunk of chunks) if (!(await written(out, chunk, closed))) return
    out.end()
  } catch (error) {
    out.destroy()
    throw error
  }
}

/** False when the reader is gone. Until it is true the kernel may still have to read from `block`. */
function written(out: Writable, block: Uint8Array, closed: Promise<false>): Promise<boolean> {
  const flushed = new Promise<boolean>((resolve) => out.write(block, (error) => resolve(!error)))
  return Promise.race([flushed, closed])
}
