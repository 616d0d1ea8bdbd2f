/** What the main server and the proxy share in turning a message into an outcome. */
import type { BootLoopWatch } from './boot-loop.ts'
import type { Client } from './client.ts'
import type { DhcpEvent, IgnoredReason } from './events.ts'
import { messageName } from './options.ts'
import type { DhcpPacket } from './packet.ts'
import type { Outcome, Received, Responder } from './reply.ts'

/** A responder that outlives a broken store or boot decision. */
export function guarded(handle: (received: Received, client: Client) => Outcome): Responder {
  return {
    handle: (received) => failingSoftly(received.client, () => handle(received, received.client)),
  }
}

/** Outcomes as they may be acted on: their leases are durable, or else nobody is told anything but the log. */
export function committed(responder: Responder, outcomes: readonly Outcome[]): readonly Outcome[] {
  try {
    responder.commit?.()
    return outcomes
  } catch (error) {
    return outcomes.map(({ unsaved: client }) => ({
      replies: [],
      events: client ? [{ type: 'failed', client, error }] : [],
    }))
  }
}

/** Whatever `work` throws costs this client its answer, never the service. */
export function failingSoftly(client: Client, work: () => Outcome): Outcome {
  try {
    return work()
  } catch (error) {
    return { replies: [], events: [{ type: 'failed', client, error }] }
  }
}

export function ignored(reason: IgnoredReason, type: number, client: Client): Outcome {
  return { replies: [], events: [{ type: 'ignored', reason, message: messageName(type), client }] }
}

export function refused(client: Client, reason: string): Outcome {
  return { replies: [], events: [{ type: 'refused', client, reason }] }
}

/** The event if this promise of a loader makes a loop. Retransmissions share their xid and count once. */
export function watchLoop(watch: BootLoopWatch, client: Client, { xid }: DhcpPacket, now: number): DhcpEvent[] {
  const loaders = watch.loaderServed(client.mac, xid, now)
  return loaders === undefined ? [] : [{ type: 'boot-loop', client, loaders }]
}

const NEWS_MS = 600_000
const MAX_NEWS = 100

/** True at most once in ten minutes for each `server`; `told` remembers. */
export function isNews(told: Map<string, number>, server: string, now: number): boolean {
  const last = told.get(server)
  if (last !== undefined && now - last < NEWS_MS) return false
  if (told.size >= MAX_NEWS) told.clear()
  told.set(server, now)
  return true
}
