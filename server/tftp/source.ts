/** Where the served bytes come from. */
import { TftpError } from './errors.ts'

/** A file read in pieces; its size must stay what it is. */
export interface ReadableFile {
  size: number
  /** Exactly `length` bytes from `offset`; never asked past the end. */
  read(offset: number, length: number): Promise<Uint8Array>
  /** Called once, when the transfer is over. */
  close?(): void
}

/** Finds a file by its normalised name (no leading slash, no `..`); undefined if there is none. May be asked twice: as written, then in lower case. */
export type TftpSource = (
  name: string,
  request: { remoteAddress: string; localAddress: string },
) => Promise<Uint8Array | ReadableFile | undefined>

/** Text files are small; whole in memory is the only way to know where converted blocks begin. */
const MAX_NETASCII = 16 * 1024 * 1024

/** Bytes of a file by offset: at once if they are in memory. */
export interface Content {
  size: number
  read(offset: number, length: number): Uint8Array | Promise<Uint8Array>
  close(): void
}

/** Opens what a source found, converted to network line ends for netascii. Rejects if reading fails. */
export async function openContent(found: Uint8Array | ReadableFile, mode: string): Promise<Content> {
  if (mode === 'netascii') return inMemory(toNetascii(await whole(found)))
  if (found instanceof Uint8Array) return inMemory(found)
  return {
    size: found.size,
    async read(offset, length) {
      const bytes = await found.read(offset, length)
      if (bytes.length === length) return bytes
      throw new TftpError('SOURCE_TOO_SHORT', `reading a file at ${offset}: got ${bytes.length} bytes, want ${length}`)
    },
    close: () => found.close?.(),
  }
}

function inMemory(bytes: Uint8Array): Content {
  return { size: bytes.length, read: (offset, length) => bytes.subarray(offset, offset + length), close: () => {} }
}

async function whole(found: Uint8Array | ReadableFile): Promise<Uint8Array> {
  if (found instanceof Uint8Array) return found
  try {
    if (found.size > MAX_NETASCII) {
      throw new TftpError('TOO_LARGE', `converting a file of ${found.size} bytes: use octet mode for it`)
    }
    return await found.read(0, found.size)
  } finally {
    found.close?.()
  }
}

/** LF becomes CR LF, CR becomes CR NUL (RFC 764). */
export function toNetascii(bytes: Uint8Array): Uint8Array {
  return Buffer.from(
    Buffer.from(bytes)
      .toString('latin1')
      .replace(/[\r\n]/g, (end) => (end === '\n' ? '\r\n' : '\r\0')),
    'latin1',
  )
}
