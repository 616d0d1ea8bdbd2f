// Where the layers of an image stand while it is imported, as a whole and one by one.
import type { LayersReport, LayerState } from '../../../server/contract/install-layers.ts'
import type { ImageLayer } from './image-layers.ts'
import type { LayerProgress } from './import-layer.ts'

export interface ImageProgress {
  /** Compressed bytes read and to read. Layers that are in the repository already don't count. */
  bytes: number
  totalBytes: number
  files: number
  layers: number
  totalLayers: number
}

interface Entry extends LayerProgress {
  index: number
  size: number
  state: LayerState
}

export class LayerLedger {
  /** By digest: an image may name a blob twice. */
  readonly #layers = new Map<string, Entry>()
  /** Those that were not told as they are. */
  readonly #changed = new Set<Entry>()
  #isTableTold = false

  /** `present`: digests of layers that need not come. */
  constructor(layers: readonly ImageLayer[], present: ReadonlySet<string>) {
    for (const { descriptor } of layers) {
      const { digest, size } = descriptor
      if (this.#layers.has(digest)) continue
      const isHere = present.has(digest)
      const entry: Entry = {
        index: this.#layers.size,
        size,
        state: isHere ? 'reused' : 'waiting',
        bytes: 0,
        files: 0,
        source: isHere ? 'disk' : null,
      }
      this.#layers.set(digest, entry)
      if (isHere) this.#changed.add(entry)
    }
  }

  update(digest: string, state: LayerState, { bytes, files, source }: LayerProgress): void {
    const entry = this.#layers.get(digest)
    if (entry) this.#changed.add(Object.assign(entry, { state, bytes, files, source }))
  }

  sum(): ImageProgress {
    const coming = [...this.#layers.values()].filter(({ state }) => state !== 'reused')
    return {
      bytes: coming.reduce((sum, { bytes }) => sum + bytes, 0),
      totalBytes: coming.reduce((sum, { size }) => sum + size, 0),
      files: coming.reduce((sum, { files }) => sum + files, 0),
      layers: coming.filter(({ state }) => state === 'done').length,
      totalLayers: coming.length,
    }
  }

  /** What is new since the last call: the first time the table of all layers, then what changed. */
  take(): LayersReport {
    const changes = [...this.#changed].map(({ index, state, bytes, source }) => ({ index, state, bytes, source }))
    this.#changed.clear()
    if (this.#isTableTold) return { changes }
    this.#isTableTold = true
    return { table: [...this.#layers].map(([digest, { size }]) => ({ digest, size })), changes }
  }
}
