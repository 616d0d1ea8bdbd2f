// The grain of every layout.

export const MIB = 2 ** 20

/** Up to whole MiB, a multiple of any sector size. */
export function roundUp(bytes: number): number {
  return Math.ceil(bytes / MIB) * MIB
}

export function roundDown(bytes: number): number {
  return Math.floor(bytes / MIB) * MIB
}
