// Parts that every description of an operation is made of: role, answers, refusals.
import { z } from 'zod'
import type { Role } from '../../contract/access.ts'
import { Uuid } from '../../contract/common.ts'
import { Problem } from '../../contract/system.ts'
import { requireRole } from '../middleware/access.ts'

/** Requires the role at run time and says so in the OpenAPI document. */
export function needs(role: Role) {
  const security: Record<string, string[]>[] = [{ token: [role] }, { session: [role] }]
  return { security, middleware: requireRole(role) }
}

/** An answer in JSON. */
export function json<T extends z.ZodType>(schema: T, description: string) {
  return { content: { 'application/json': { schema } }, description }
}

/** A body in JSON; there must be one. */
export function body<T extends z.ZodType>(schema: T) {
  return { content: { 'application/json': { schema } }, required: true }
}

/** An answer without content. */
export const nothing = { description: 'done' }

const problem = (description: string) => ({ content: { 'application/problem+json': { schema: Problem } }, description })

/** What any operation may be refused with; the code in the body says which. */
export const refusals = {
  400: problem('the request does not follow the schema'),
  401: problem('no valid token or session'),
  403: problem('the role does not suffice'),
  507: problem("the server's disk is full"),
} as const

export const notFound = { 404: problem('there is no such thing') } as const
export const conflict = { 409: problem('it does not fit what is there') } as const
export const unprocessable = { 422: problem('the request is understood but cannot be met') } as const

export const IdParameter = z.strictObject({ id: Uuid })

/** `?limit=`: rows of one page. */
export const Limit = z.coerce.number().int().min(1).max(1000)

export function list<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item) })
}
