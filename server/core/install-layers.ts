// The layers of installs. What becomes of each is kept; how many bytes of one have come is only remembered while it streams, so that
// progress costs no write.
import type { InstallLayer, LayerChange, LayerNews, LayersReport, LayerState } from '../contract/install-layers.ts'
import type { InstallStore } from './install-store.ts'
import type { Transactions } from './transactions.ts'

export type LayerStore = Pick<InstallStore, 'layers' | 'beginLayers' | 'saveLayers'>

/** What is remembered of an install whose layers stream. Replaced, never changed. */
interface Live {
  states: readonly LayerState[]
  sources: readonly (string | null)[]
  /** Of layers that stream, by index. */
  streaming: ReadonlyMap<number, LayerChange>
}

export class InstallLayers {
  readonly #store: LayerStore
  readonly #transactions: Transactions
  readonly #live = new Map<string, Live>()

  constructor({ installs, transactions }: { installs: LayerStore; transactions: Transactions }) {
    this.#store = installs
    this.#transactions = transactions
  }

  /** As last heard, lowest first; empty when nothing was. */
  of(installId: string): InstallLayer[] {
    const streaming = this.#live.get(installId)?.streaming
    return this.#store.layers(installId).map((layer, index) => {
      const { bytes, source } = streaming?.get(index) ?? layer
      return { ...layer, bytes, source }
    })
  }

  /**
   * Takes in what an agent told, in order, and returns where all layers stand now; undefined when that is nothing new. Of an install that
   * goes on no more, how far its layers have come is kept, and remembered no longer.
   */
  record(installId: string, reports: readonly LayersReport[], { isOver }: { isOver: boolean }): LayerNews | undefined {
    let live = this.#live.get(installId)
    if (reports.length > 0) live ??= this.#stored(installId)
    if (!live) return undefined
    for (const { table, changes } of reports) {
      if (table) {
        this.#store.beginLayers(installId, table)
        live = { states: table.map(() => 'waiting'), sources: table.map(() => null), streaming: new Map() }
      }
      live = this.#change(installId, live, changes)
    }
    const recorded = live
    if (isOver) this.#store.saveLayers(installId, [...recorded.streaming.values()])
    this.#transactions.afterCommit(() => {
      if (isOver) this.#live.delete(installId)
      else this.#live.set(installId, recorded)
    })
    return reports.length > 0 ? newsOf(recorded) : undefined
  }

  #stored(installId: string): Live {
    const layers = this.#store.layers(installId)
    const streaming = layers.flatMap(({ state, bytes, source }, index): [number, LayerChange][] =>
      state === 'streaming' ? [[index, { index, state, bytes, source }]] : [],
    )
    return {
      states: layers.map(({ state }) => state),
      sources: layers.map(({ source }) => source),
      streaming: new Map(streaming),
    }
  }

  #change(installId: string, { states, sources, streaming }: Live, changes: readonly LayerChange[]): Live {
    const known = changes.filter(({ index }) => index < states.length)
    const next = { states: [...states], sources: [...sources], streaming: new Map(streaming) }
    for (const change of known) {
      const { index, state } = change
      next.states[index] = state
      next.sources[index] = change.source
      if (state === 'streaming') next.streaming.set(index, change)
      else next.streaming.delete(index)
    }
    const turned = known.filter(({ index, state }) => states[index] !== state)
    this.#store.saveLayers(installId, turned)
    return next
  }
}

/** Of a digit of base 36. */
const PLACES = 36

function newsOf({ states, sources, streaming }: Live): LayerNews | undefined {
  if (states.length === 0) return undefined
  const moving = [...streaming.values()].map(({ index, bytes, source }) => ({ index, bytes, source }))
  const places = [...new Set(sources.filter((source) => source !== null))].slice(0, PLACES)
  const from = sources.map((source) =>
    source !== null && places.includes(source) ? places.indexOf(source).toString(PLACES) : '-',
  )
  return { states: states.map((state) => state[0]).join(''), streaming: moving, sources: places, from: from.join('') }
}
