// Puts an ISO together in one pass: written, summed, stored on the disk and its blobs checked, all at the same time.
import { checkBlobs } from './check-blobs.ts'
import { writeChecksummed } from './checksummed-file.ts'
import type { IsoBlob } from './image.ts'
import type { IsoKit } from './kit.ts'
import { together } from './together.ts'
import { tool } from './tool.ts'

interface IsoAssembly {
  /** The file to make. */
  path: string
  /** Arguments by which xorriso writes it from its first byte to its last. Asked for while blobs are being checked. */
  xorriso: () => Promise<readonly string[]>
  env?: Record<string, string>
  /** What goes in besides. */
  blobs: readonly IsoBlob[]
  totalBytes: number
}

export interface Assembling {
  kit: IsoKit
  /** Bytes written and checked of all there are. */
  onProgress?: (step: string, bytes: number, totalBytes: number) => void
  signal?: AbortSignal
}

/** Resolves when the ISO is whole, on the disk, and every blob in it is what its digest says. Throws IsoError; the file is the caller's to remove. */
export async function assembleIso(
  { path, xorriso, env, blobs, totalBytes }: IsoAssembly,
  { kit, onProgress = () => {}, signal }: Assembling,
): Promise<void> {
  const toCheck = blobs.reduce((sum, { checked, size }) => sum + (checked ? 0 : size), 0)
  let [written, checked] = [0, 0]
  const report = () => {
    const share = Math.min(written / totalBytes, toCheck === 0 ? 1 : checked / toCheck, 1)
    onProgress('writing', share * totalBytes, totalBytes)
  }
  const write = async (either: AbortSignal) => {
    const args = await xorriso()
    const run = (until: AbortSignal) => kit.run('xorriso', args, { signal: until, ...(env && { env }) })
    const onBytes = (bytes: number) => {
      written = bytes
      report()
    }
    await tool(() => writeChecksummed(path, run, { signal: either, onBytes }))
  }
  const check = (either: AbortSignal) => {
    const onBytes = (count: number) => {
      checked += count
      report()
    }
    return checkBlobs(blobs, { signal: either, onBytes })
  }
  await together([write, check], signal)
}
