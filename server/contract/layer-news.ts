// Reading what events tell of layers, and saying it in words; the same on the command line and on the page.
import type { InstallLayer, LayerNews, LayerState } from './install-layers.ts'

const LETTERS: Readonly<Record<string, LayerState>> = { w: 'waiting', s: 'streaming', d: 'done', r: 'reused' }

/** The layers as the news say; undefined when these are of another table, which has to be asked for. */
export function withLayerNews(
  layers: readonly InstallLayer[],
  { states, streaming, sources = [], from = '' }: LayerNews,
): InstallLayer[] | undefined {
  if (states.length !== layers.length) return undefined
  const moving = new Map(streaming.map(({ index, bytes, source }) => [index, { bytes, source }]))
  return layers.map((layer, index) => {
    const state = LETTERS[states[index]!] ?? layer.state
    const source = sources[Number.parseInt(from[index] ?? '-', 36)] ?? layer.source
    return { ...layer, state, source, ...(state === 'done' && { bytes: layer.size }), ...moving.get(index) }
  })
}

/** `3 of 12 layers are here, 2 of them from the disk`; empty without layers. */
export function layersText(layers: readonly Pick<InstallLayer, 'state'>[]): string {
  if (layers.length === 0) return ''
  const count = (wanted: LayerState) => layers.filter(({ state }) => state === wanted).length
  const reused = count('reused')
  const from = reused > 0 ? `, ${reused} of them from the disk` : ''
  return `${count('done') + reused} of ${layers.length} layers are here${from}`
}
