// The layers of an image on their way to a disk: what the agent tells of them, what people see, and the short form that events carry.
import { z } from 'zod'
import { Digest } from './common.ts'

/** No image that is installed has more. */
const MAX_LAYERS = 500

export const LayerState = z.enum(['waiting', 'streaming', 'done', 'reused'])
export type LayerState = z.infer<typeof LayerState>

const Bytes = z.number().int().nonnegative()
/** Host that the bytes come from, `medium`, or `disk` for what was there already. */
const Source = z.string().max(300)

/** A layer that is not what it was. */
export const LayerChange = z.object({
  /** In the table of layers. */
  index: z
    .number()
    .int()
    .min(0)
    .max(MAX_LAYERS - 1),
  state: LayerState,
  /** Compressed bytes that have come. */
  bytes: Bytes,
  source: Source.nullable(),
})
export type LayerChange = z.infer<typeof LayerChange>

/** What an agent tells of layers: all of them once, then what changed, so that an image of many layers costs no more than one of few. */
export const LayersReport = z.object({
  /** Lowest first, each blob once; begins a new table, in which all layers wait. */
  table: z
    .array(z.object({ digest: Digest, size: Bytes }))
    .max(MAX_LAYERS)
    .optional(),
  changes: z.array(LayerChange).max(MAX_LAYERS),
})
export type LayersReport = z.infer<typeof LayersReport>

export const InstallLayer = z
  .object({
    digest: Digest,
    /** Compressed bytes, of the whole layer and as far as they have come. */
    size: Bytes,
    bytes: Bytes,
    state: LayerState,
    source: Source.nullable(),
  })
  .meta({ id: 'InstallLayer' })
export type InstallLayer = z.infer<typeof InstallLayer>

/**
 * In `install.progress` events: where all layers stand, in little room. Each one says it all, so whoever missed some misses nothing.
 */
export const LayerNews = z.object({
  /** A letter for each layer of the table: the first one of its state. */
  states: z.string().max(MAX_LAYERS),
  streaming: z.array(LayerChange.omit({ state: true })),
  /** Where layers come from, each place once; absent in events of earlier versions. */
  sources: z.array(Source).optional(),
  /** A digit of base 36 for each layer of the table: the place among `sources`, `-` where that is not known. */
  from: z.string().max(MAX_LAYERS).optional(),
})
export type LayerNews = z.infer<typeof LayerNews>
