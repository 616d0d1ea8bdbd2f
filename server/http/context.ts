// What middleware leaves for handlers in the request's context.
import type { HttpBindings } from '@hono/node-server'
import type { Context } from 'hono'
import type { Labels } from '../contract/common.ts'
import type { Role, Scope } from '../contract/access.ts'
import type { Answers } from '../core/answers.ts'
import type { AuditLog } from '../core/audit.ts'
import type { LoginOrigin } from '../core/logins.ts'

/** Who calls. */
interface Caller {
  /** Of the user or token. */
  name: string
  role: Role
  scope: Scope | null
  /** `user:<name>` or `token:<name>`, as events name it. */
  actor: string
  /** Undefined for tokens, and for sessions opened with one. */
  userId: string | undefined
}

/** What the declarations of operations need to know at run time; see api/operation.ts. */
export interface Guard {
  audit: Pick<AuditLog, 'record'>
  answers: Pick<Answers, 'once'>
  /** Undefined when there is no such machine. */
  labelsOf(machineId: string): Labels | undefined
  /** Undefined when there is no such install. */
  machineOf(installId: string): string | undefined
}

export interface HttpEnv {
  /** Absent when a test calls the app in memory. */
  Bindings: Partial<HttpBindings>
  Variables: {
    requestId: string
    caller: Caller
    guard: Guard
    /** What the audit trail says beyond the path; see `note`. */
    auditDetail: string | undefined
  }
}

/** Address of the client; undefined in memory. IPv4 comes without its IPv6 clothes. */
export function remoteAddress(c: Context): string | undefined {
  const { incoming } = (c.env ?? {}) as Partial<HttpBindings>
  return incoming?.socket.remoteAddress?.replace(/^::ffff:(?=\d+\.)/, '')
}

/** Whether the request only asks. */
export function isReading({ req }: Context): boolean {
  return req.method === 'GET' || req.method === 'HEAD'
}

/** Where a login comes from. */
export function originOf(c: Context<HttpEnv>): LoginOrigin {
  return { address: remoteAddress(c) ?? 'unknown', requestId: c.var.requestId }
}
