// Keeps every query fresh by the server's events while the page is open, and says when it cannot.

import { useQueryClient } from '@tanstack/react-query'
import type { QueryClient, QueryKey } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import type { Event } from '../../../server/contract/event.ts'
import type { InstallDetail } from '../../../server/contract/install.ts'
import { followEvents } from './event-feed.ts'
import { keys, outdatedBy } from './keys.ts'
import { progressOf, tellsOfOthers, withProgress } from './progress.ts'

/** A burst of events costs one round of requests. */
const FLUSH_MS = 300
/** A reconnect this quick is not worth a banner. */
const TROUBLE_MS = 3000

/**
 * Listens from now on and returns whether the page is live. After each connection, and on the server's `reset`, everything is asked anew:
 * what happened between the first requests and the connection is in nobody's stream, and what failed meanwhile has to recover.
 */
export function useLiveUpdates(): boolean {
  const client = useQueryClient()
  const [live, setLive] = useState(true)

  useEffect(() => {
    const end = new AbortController()
    const outdated = createFlusher(client)
    let trouble: ReturnType<typeof setTimeout> | undefined
    void followEvents(
      {
        onOpen() {
          clearTimeout(trouble)
          trouble = undefined
          setLive(true)
          void client.invalidateQueries()
        },
        onMessage({ event, data }) {
          if (event === 'reset') void client.invalidateQueries()
          if (event === 'message') outdated(apply(client, JSON.parse(data) as Event))
        },
        onLost(status) {
          trouble ??= setTimeout(() => setLive(false), TROUBLE_MS)
          if (status === 401) void client.invalidateQueries({ queryKey: keys.session })
        },
      },
      { signal: end.signal },
    )
    return () => {
      end.abort()
      clearTimeout(trouble)
    }
  }, [client])

  return live
}

/** Puts into the cache what the event itself tells; returns what has to be asked for. */
function apply(client: QueryClient, event: Event): QueryKey[] {
  const progress = progressOf(event)
  if (progress && event.installId !== null) {
    const key = keys.install(event.installId)
    const install = client.getQueryData<InstallDetail>(key)
    if (install && tellsOfOthers(progress, install)) return [key]
    if (install) client.setQueryData(key, withProgress(install, progress))
  }
  return outdatedBy(event)
}

function createFlusher(client: QueryClient): (outdated: readonly QueryKey[]) => void {
  const pending = new Map<string, QueryKey>()
  let timer: ReturnType<typeof setTimeout> | undefined
  return (outdated) => {
    for (const key of outdated) pending.set(JSON.stringify(key), key)
    timer ??= setTimeout(() => {
      timer = undefined
      for (const queryKey of pending.values()) void client.invalidateQueries({ queryKey })
      pending.clear()
    }, FLUSH_MS)
  }
}
