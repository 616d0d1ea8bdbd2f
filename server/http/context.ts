// What middleware leaves for handlers in the request's context.
import type { HttpBindings } from '@hono/node-server'
import type { Context } from 'hono'
import type { Role } from '../contract/access.ts'

/** Who calls, as events name the actor. */
interface Caller {
  /** Name of the token or session. */
  name: string
  role: Role
  /** `token:<name>`, as in events. */
  actor: string
}

export interface HttpEnv {
  /** Absent when a test calls the app in memory. */
  Bindings: Partial<HttpBindings>
  Variables: {
    requestId: string
    caller: Caller
  }
}

/** Address of the client; undefined in memory. IPv4 comes without its IPv6 clothes. */
export function remoteAddress(c: Context): string | undefined {
  const { incoming } = (c.env ?? {}) as Partial<HttpBindings>
  return incoming?.socket.remoteAddress?.replace(/^::ffff:(?=\d+\.)/, '')
}
