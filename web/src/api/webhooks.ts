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

export function useReplay() {
  return useChange((request: ReplayRequest) => call<ReplayResult>('POST', '/webhooks/replay', request), [keys.webhooks])
}
