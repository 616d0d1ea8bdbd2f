// Bytes on their way to a disk: taken from events, so that a hundred installs cost no request each.

import type { Event } from '../../../server/contract/event.ts'
import type { LayerNews } from '../../../server/contract/install-layers.ts'
import type { InstallDetail } from '../../../server/contract/install.ts'
import { withLayerNews } from '../../../server/contract/layer-news.ts'

interface Progress {
  step: string
  bytes: number
  totalBytes: number
  rate: number
  message?: string
  layers?: LayerNews
}

/** The numbers in an `install.progress` event; undefined for any other. */
export function progressOf({ type, data }: Event): Progress | undefined {
  const { step, bytes, totalBytes, rate, message, layers } = data
  if (type !== 'install.progress' || typeof step !== 'string') return undefined
  if (typeof bytes !== 'number' || typeof totalBytes !== 'number' || typeof rate !== 'number') return undefined
  return {
    step,
    bytes,
    totalBytes,
    rate,
    ...(typeof message === 'string' && { message }),
    ...(isLayerNews(layers) && { layers }),
  }
}

function isLayerNews(value: unknown): value is LayerNews {
  const { states, streaming } = (value ?? {}) as Partial<LayerNews>
  return typeof states === 'string' && Array.isArray(streaming)
}

/** The install with the step's new numbers. Bytes never run backwards: an answer may be newer than the event that overtook it. */
export function withProgress(install: InstallDetail, { step, layers: news, ...numbers }: Progress): InstallDetail {
  const running = install.steps.find(({ name, state }) => name === step && state === 'running')
  if (!running || numbers.bytes < running.bytes) return install
  const steps = install.steps.map((one) => (one === running ? { ...one, ...numbers } : one))
  return { ...install, steps, layers: (news && withLayerNews(install.layers, news)) ?? install.layers }
}

/** Whether the news are of layers that the install does not show: it has to be asked for anew. */
export function tellsOfOthers({ layers: news }: Progress, install: InstallDetail): boolean {
  return news !== undefined && news.states.length !== install.layers.length
}
