// UUIDs that are always the same for the same thing: a plan made twice, here and on the machine, is one plan.
import { createHash } from 'node:crypto'

/** The UUID of whatever a path names. */
export type IdOf = (path: string) => string

/** UUIDs of version 8 (RFC 9562): a hash of the seed, an install's id for instance, and the path. */
export function stableIds(seed: string): IdOf {
  return (path) => {
    const bytes = createHash('sha256').update(`${seed}\0${path}`).digest().subarray(0, 16)
    bytes[6] = (bytes[6]! & 0x0f) | 0x80
    bytes[8] = (bytes[8]! & 0x3f) | 0x80
    return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
  }
}
