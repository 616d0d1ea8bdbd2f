// File names as OSTree orders them: by their UTF-8 bytes, which is not how JavaScript orders strings.

export const compareBytes = Buffer.compare

/** Orders strings as their UTF-8 encodings would be. */
export function compareNames(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let index = 0; index < length; index++) {
    const left = a.charCodeAt(index)
    const right = b.charCodeAt(index)
    if (left === right) continue
    // UTF-16 puts surrogates (U+10000 and up) below U+E000 to U+FFFF; UTF-8 puts them above.
    const surrogates = Number(isSurrogate(left)) - Number(isSurrogate(right))
    return surrogates === 0 ? left - right : surrogates
  }
  return a.length - b.length
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff
}
