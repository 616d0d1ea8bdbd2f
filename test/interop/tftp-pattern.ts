// Files that need no disk: any size, and every byte known from its place.

/** `n` bytes in which neither blocks nor windows repeat. */
export function pattern(n: number): Buffer {
  const bytes = Buffer.allocUnsafe(n)
  let state = 0x9e3779b9
  for (let at = 0; at < n; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    bytes[at] = state >>> 24
  }
  return bytes
}
