// What the first set-up asks and does, as hooks.

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import type { LoginRequest, Session, User } from '../../../server/contract/access.ts'
import type { ChangedNetwork, ChangeNetwork, Network, NetworkFindings } from '../../../server/contract/network.ts'
import type { TraceOverview } from '../../../server/contract/trace.ts'
import { call } from './client.ts'
import { keys } from './keys.ts'
import { useChange } from './queries.ts'

/** How often it is asked who has been heard: not every packet is an event. */
const LISTEN_MS = 2000
/** How often a server that starts anew is asked whether it is back. */
const KNOCK_MS = 1000

export function useNetwork() {
  return useQuery({ queryKey: keys.network, queryFn: () => call<Network>('GET', '/network') })
}

/** Takes some seconds: it waits for other DHCP servers to answer. */
export function useNetworkCheck() {
  return useMutation({
    mutationFn: (link: string) => call<NetworkFindings>('POST', '/network/check', { interface: link }),
  })
}

/**
 * Makes an administrator and logs in as them. Then everything is asked anew, as whoever came in; `onIn` leads on in that moment, when nothing
 * that began this may be on the page any more.
 */
export function useFirstAdministrator(onIn: () => void) {
  const client = useQueryClient()
  return useMutation({
    async mutationFn(login: LoginRequest) {
      await call<User>('POST', '/users', { ...login, role: 'admin' })
      await call<Session>('POST', '/login', login)
    },
    onSuccess() {
      void client.resetQueries()
      onIn()
    },
  })
}

export function useChangeNetwork() {
  return useChange(
    (change: Omit<ChangeNetwork, 'dryRun'>) => call<ChangedNetwork>('PATCH', '/network', change),
    [keys.network],
  )
}

/** Asks again and again who the server is, as long as it is mounted. */
export function useKnocking(): void {
  const client = useQueryClient()
  useEffect(() => {
    const timer = setInterval(() => {
      void client.invalidateQueries({ queryKey: keys.system })
      void client.invalidateQueries({ queryKey: keys.network })
    }, KNOCK_MS)
    return () => clearInterval(timer)
  }, [client])
}

/** Who was heard on the wire, machines of the inventory aside. */
export function useStrangers() {
  return useQuery({
    queryKey: keys.strangers,
    queryFn: () => call<TraceOverview>('GET', '/trace'),
    refetchInterval: LISTEN_MS,
  })
}
