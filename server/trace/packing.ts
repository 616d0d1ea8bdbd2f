// Entries as bytes to be kept, and back.
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { Entry } from './entry.ts'

/** To be raised whenever Entry changes so that older ones cannot be read: they are forgotten then. */
export const FORMAT = 1

export interface Kept {
  boot: Entry[]
  routine: Entry[]
}

/** What a ring takes at most, unpacked, with room to spare. */
const MAX_BYTES = 2 ** 22

export function pack(kept: Kept): Uint8Array {
  return deflateRawSync(JSON.stringify(kept, asJson))
}

/** Undefined for what was not packed by `pack`. */
export function unpack(bytes: Uint8Array): Kept | undefined {
  try {
    return JSON.parse(inflateRawSync(bytes, { maxOutputLength: MAX_BYTES }).toString(), fromJson) as Kept
  } catch {
    return undefined
  }
}

/** Packets are the only bytes, and of an error people are only ever shown the message. */
function asJson(_key: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return { base64: Buffer.from(value).toString('base64') }
  return value instanceof Error ? value.message : value
}

function fromJson(key: string, value: unknown): unknown {
  const isBytes = key === 'bytes' && typeof value === 'object' && value !== null && 'base64' in value
  return isBytes ? new Uint8Array(Buffer.from(String(value.base64), 'base64')) : value
}
