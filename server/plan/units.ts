// The grain of every layout.

export const MIB = 2 ** 20

/** Up to whole units; MiB are a multiple of any sector size. */
export function roundUp(bytes: number, unit = MIB): number {
  return Math.ceil(bytes / unit) * unit
}

export function roundDown(bytes: number): number {
  return Math.floor(bytes / MIB) * MIB
}
