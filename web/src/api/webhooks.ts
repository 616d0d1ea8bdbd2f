// What the page asks and does about webhooks, as hooks.

import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query'
import type { ReplayRequest, ReplayResult, Webhook, WebhookDelivery } from '../../../server/contract/webhook.ts'
import { call } from './client.ts'
import { keys } from './keys.ts'
import { useChange } from './queries.ts'

interface Items<T> {
  items: T[]
}

const DELIVERIES = 50

export function useWebhooks() {
  return useQuery({
    queryKey: [...keys.webhooks, 'receivers'],
    queryFn: async () => (await call<Items<Webhook>>('GET', '/webhooks')).items,
  })
}

/** Newest first; an empty text is any receiver. */
export function useDeliveries(url: string) {
  return useInfiniteQuery({
    queryKey: [...keys.webhooks, 'deliveries', url],
    queryFn: async ({ pageParam }) => {
      const query = new URLSearchParams({
        limit: String(DELIVERIES),
        ...(url !== '' && { url }),
        ...(pageParam > 0 && { before: String(pageParam) }),
      })
      return (await call<Items<WebhookDelivery>>('GET', `/webhooks/deliveries?${query}`)).items
    },
    initialPageParam: 0,
    getNextPageParam: (page) => (page.length === DELIVERIES ? page.at(-1)!.seq : undefined),
    placeholderData: keepPreviousData,
  })
}

/**
 * Tells again of every install that ended after an event, in as many requests as it takes; an empty text is any receiver. Resolves with the
 * number of deliveries.
 */
export function useReplayAfter() {
  return useChange(
    async ({ after, url }: { after: number; url: string }) => {
      let made = 0
      let from: number | undefined = after
      while (from !== undefined) {
        const request: ReplayRequest = { after: from, ...(url !== '' && { url }) }
        const result: ReplayResult = await call('POST', '/webhooks/replay', request)
        made += result.deliveries.length
        from = result.more ? result.lastEvent : undefined
      }
      return made
    },
    [keys.webhooks],
  )
}

export function useReplay() {
  return useChange((request: ReplayRequest) => call<ReplayResult>('POST', '/webhooks/replay', request), [keys.webhooks])
}
