// The one event stream of the page: keeps every query fresh while it is open, and says when it is not.

import { useQueryClient } from '@tanstack/react-query'
import type { QueryKey } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import type { Event } from '../../../server/contract/event.ts'
import type { Install } from '../../../server/contract/install.ts'
import { keys, outdatedBy } from './keys.ts'
import { progressOf, withProgress } from './progress.ts'

/** A burst of events costs one round of requests. */
const FLUSH_MS = 300
/** A reconnect this quick is not worth a banner. */
const TROUBLE_MS = 3000

/**
 * Listens from now on; the browser reconnects by itself and asks for what it missed. Returns whether the page is live. After each
 * reconnect, and on the server's `reset`, everything is asked anew: cheaper than to be wrong.
 */
export function useLiveUpdates(): boolean {
  const client = useQueryClient()
  const [live, setLive] = useState(true)

  useEffect(() => {
    const source = new EventSource('/api/v1/events')
    const pending = new Map<string, QueryKey>()
    let flush: ReturnType<typeof setTimeout> | undefined
    let trouble: ReturnType<typeof setTimeout> | undefined
    let wasOpen = false

    const refetchAll = (): void => void client.invalidateQueries()
    source.onopen = () => {
      clearTimeout(trouble)
      trouble = undefined
      setLive(true)
      // What happened between the first requests and this moment is in nobody's stream.
      if (wasOpen) refetchAll()
      else void client.invalidateQueries({ refetchType: 'active' })
      wasOpen = true
    }
    source.onerror = () => {
      trouble ??= setTimeout(() => setLive(false), TROUBLE_MS)
    }
    source.addEventListener('reset', refetchAll)
    source.onmessage = ({ data }: MessageEvent<string>) => {
      const event = JSON.parse(data) as Event
      const progress = progressOf(event)
      if (progress && event.installId !== null) {
        client.setQueryData<Install>(
          keys.install(event.installId),
          (install) => install && withProgress(install, progress),
        )
      }
      for (const key of outdatedBy(event)) pending.set(JSON.stringify(key), key)
      flush ??= setTimeout(() => {
        flush = undefined
        for (const queryKey of pending.values()) void client.invalidateQueries({ queryKey })
        pending.clear()
      }, FLUSH_MS)
    }
    return () => {
      source.close()
      clearTimeout(flush)
      clearTimeout(trouble)
    }
  }, [client])

  return live
}
