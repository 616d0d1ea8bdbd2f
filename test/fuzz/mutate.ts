// Hostile bytes, the same for the same seed: nothing but noise, or what a client says with something wrong in it.

export type Random = () => number

/** Numbers from 0 to below 1. */
export function seeded(seed: number): Random {
  let state = seed >>> 0 || 1
  return () => {
    // xorshift32
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}

const MAX_NOISE = 600

/** One input: in one of four cases noise, else an example with one to four mutations. */
export function hostile(random: Random, examples: readonly Buffer[]): Buffer {
  if (random() < 0.25) return noise(random, Math.floor(random() * MAX_NOISE))
  let bytes: Buffer = Buffer.from(pick(random, examples))
  for (let times = 1 + Math.floor(random() * 4); times > 0; times--) bytes = pick(random, MUTATIONS)(bytes, random)
  return bytes
}

const MUTATIONS: readonly ((bytes: Buffer, random: Random) => Buffer)[] = [
  (bytes, random) => bytes.subarray(0, place(bytes, random)),
  (bytes, random) => bytes.subarray(place(bytes, random)),
  (bytes, random) => insert(bytes, place(bytes, random), noise(random, 1 + Math.floor(random() * 8))),
  (bytes, random) => insert(bytes, place(bytes, random), bytes.subarray(place(bytes, random))),
  (bytes, random) => insert(bytes, place(bytes, random), Buffer.alloc(Math.floor(random() * MAX_NOISE), bytes[0])),
  (bytes, random) => {
    if (bytes.length > 0) bytes[place(bytes, random)]! ^= 1 << Math.floor(random() * 8)
    return bytes
  },
  (bytes, random) => {
    if (bytes.length > 0) bytes[place(bytes, random)] = pick(random, [0, 0xff, 0x0a, 0x20])
    return bytes
  },
]

function insert(bytes: Buffer, at: number, more: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, at), more, bytes.subarray(at)])
}

function noise(random: Random, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)))
}

function place(bytes: Buffer, random: Random): number {
  return Math.floor(random() * bytes.length)
}

export function pick<T>(random: Random, list: readonly T[]): T {
  return list[Math.floor(random() * list.length)]!
}
