// What installs ask of whoever reads layers, and what that asks of SQLite.
import type { LayerFacts, LayerProblemCode } from '../contract/layer-facts.ts'

/**
 * `read`: nothing speaks against the image, as far as its layers are here; `layers`, by digest, were unpacked and are what the configuration says.
 * `reading`, `fetching`: wait, it is on its way.
 */
export type ContentVerdict =
  | { state: 'read'; layers: readonly string[] }
  | { state: 'reading'; layers: number; totalLayers: number }
  | { state: 'fetching'; layers: number; totalLayers: number; problem: string | undefined }
  | { state: 'refused'; code: LayerProblemCode; message: string; hint: string }

/** By the digest of the manifest that is installed. */
export interface ContentGate {
  /** Also sees to it that the layers of this image are read before those of others. */
  check(image: { repository: string; digest: string }): Promise<ContentVerdict>
  /** Resolves when `check` may say something else than to wait. */
  settled(): Promise<void>
}

/** A layer as it was found: facts count for the very file they were read from. */
export interface LayerRecord {
  digest: string
  /** Of the file, milliseconds: one that was written anew is read anew. */
  fileTime: number
  facts: LayerFacts
}

export interface LayerRecords {
  layers(digests: readonly string[]): Map<string, LayerRecord>
  putLayer(record: LayerRecord): void
  /** How many images have each of these layers. */
  usesOf(digests: readonly string[]): Map<string, number>
  /** Digests of blobs that nothing is known of yet, the newest first, at most `limit`. */
  unreadBlobs(limit: number): string[]
  /** Drops what is known of blobs that are gone, and of those that were too large: the bound may be another now. */
  forgetStale(): void
}
