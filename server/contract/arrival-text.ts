// How much of an image is here, in words for people.
import { formatBytes } from './bytes.ts'
import type { ImageArrival } from './image.ts'

const STATES: Record<ImageArrival['state'], string> = {
  later: 'the rest comes when it is needed',
  waiting: 'waiting for other images',
  fetching: 'being fetched',
  failed: 'failed',
}

/** @example arrivalText(arrival) // '3 of 20 layers, 120 MB of 1.1 GB: being fetched' */
export function arrivalText({ state, layers, totalLayers, bytes, totalBytes, problem }: ImageArrival): string {
  const reason = problem ? `: ${problem.message}` : ''
  return `${layers} of ${totalLayers} layers, ${formatBytes(bytes)} of ${formatBytes(totalBytes)}: ${STATES[state]}${reason}`
}
