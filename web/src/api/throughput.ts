// The throughput of running installs, as the page has seen it since it was opened.

import { skipToken, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'

export interface Throughput {
  /** Milliseconds since the epoch. */
  at: number
  /** Bytes per second, of all installs together. */
  rate: number
}

/** How much of it is shown. */
export const SPAN_MS = 5 * 60_000

const KEY = ['throughput']

/** The samples with one more, without those too old to be shown; the same again where it is not newer. */
export function withSample(samples: readonly Throughput[], next: Throughput): readonly Throughput[] {
  const last = samples.at(-1)
  if (last && next.at <= last.at) return samples
  return [...samples.filter(({ at }) => at > next.at - SPAN_MS), next]
}

/** Grows with every look at the overview, also over visits of other pages. */
export function useThroughput(time: string, rate: number): readonly Throughput[] {
  const client = useQueryClient()
  const { data = [] } = useQuery<readonly Throughput[]>({ queryKey: KEY, queryFn: skipToken })
  useEffect(() => {
    const next = { at: Date.parse(time), rate }
    client.setQueryData<readonly Throughput[]>(KEY, (samples = []) => withSample(samples, next))
  }, [client, time, rate])
  return data
}
