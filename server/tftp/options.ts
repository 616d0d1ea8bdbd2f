/** What a transfer agrees on with its client (RFC 2347, 2348, 2349, 7440). */
import type { RequestPacket } from './packet.ts'

/** How the blocks of one transfer travel. */
export interface Terms {
  blksize: number
  windowsize: number
  /** Milliseconds between resends, if the client chose; else the server's own growing times apply. */
  timeoutMs?: number
  /** What to send as OACK: only what was asked and is accepted. Empty: no OACK, start with DATA 1. */
  accepted: ReadonlyMap<string, string>
}

export interface Limits {
  /** Larger blocks would be fragmented, and many NIC stacks lose fragments: path MTU less 32. */
  maxBlksize: number
  maxWindowsize: number
}

export const DEFAULT_LIMITS: Limits = { maxBlksize: 1468, maxWindowsize: 64 }
const DEFAULT_BLKSIZE = 512

/**
 * Answers a request's options for a file of `size` bytes. Options that are unknown or make no sense are left out, never refused: the
 * client then goes on without. `netascii` changes sizes on the way, so it has no tsize, and goes block by block.
 */
export function negotiate(request: RequestPacket, size: number, limits: Limits = DEFAULT_LIMITS): Terms {
  const netascii = request.mode === 'netascii'
  const accepted = new Map<string, string>()
  const terms: Terms = { blksize: DEFAULT_BLKSIZE, windowsize: 1, accepted }
  for (const [name, value] of request.options) {
    const asked = /^\d{1,10}$/.test(value) ? Number(value) : undefined
    if (asked === undefined) continue
    if (name === 'blksize' && asked >= 8 && asked <= 65464) {
      terms.blksize = Math.min(asked, limits.maxBlksize)
      accepted.set(name, String(terms.blksize))
    } else if (name === 'windowsize' && asked >= 1 && asked <= 65535 && !netascii) {
      terms.windowsize = Math.min(asked, limits.maxWindowsize)
      accepted.set(name, String(terms.windowsize))
    } else if (name === 'timeout' && asked >= 1 && asked <= 255) {
      // U-Boot and edk2 give up if the number differs from theirs.
      terms.timeoutMs = asked * 1000
      accepted.set(name, value)
    } else if (name === 'tsize' && !netascii) {
      accepted.set(name, String(size))
    }
  }
  return terms
}
