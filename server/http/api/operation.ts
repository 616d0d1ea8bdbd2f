// Parts that every description of an operation is made of: who may, answers, refusals.
import { z } from 'zod'
import type { Role } from '../../contract/access.ts'
import { Uuid } from '../../contract/common.ts'
import { Problem } from '../../contract/system.ts'
import { admitted } from '../middleware/admission.ts'
import type { Reach } from '../middleware/admission.ts'
import { audited } from '../middleware/audited.ts'
import { repeatable as answeredOnce, IDEMPOTENCY_KEY } from '../middleware/repeatable.ts'

/**
 * The one place where an operation says who may call it: the lowest role, and what it concerns, by which scopes bound it. Holds at run time,
 * and stands in the OpenAPI document. Changes go to the audit trail; `secret`: so does reading it. `repeatable`: takes an `Idempotency-Key`, which
 * its request declares by {@link RepeatHeader}.
 */
export function needs(
  role: Role,
  reach: Reach,
  { secret = false, repeatable = false }: { secret?: boolean; repeatable?: boolean } = {},
) {
  const security: Record<string, string[]>[] = [{ token: [role] }, { session: [role] }]
  const middleware = [audited({ reads: secret }), admitted(role, reach), ...(repeatable ? [answeredOnce] : [])]
  return { security, 'x-reach': reach, middleware }
}

export const RepeatHeader = z.looseObject({
  [IDEMPOTENCY_KEY]: z
    .string()
    .optional()
    .describe('a text of your choice: asked again with it within a day, the same request gets its first answer'),
})

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
  403: problem('role or scope does not suffice'),
  507: problem("the server's disk is full"),
} as const

export const notFound = { 404: problem('there is no such thing') } as const
export const conflict = { 409: problem('it does not fit what is there') } as const
export const elsewhere = {
  502: problem('what the server asked elsewhere failed'),
  503: problem('it cannot be asked now'),
} as const
export const unprocessable = { 422: problem('the request is understood but cannot be met') } as const

/** What operations that take an `Idempotency-Key` may refuse. */
export const repeated = {
  409: problem('it does not fit what is there, or the same is being done'),
  422: problem('the Idempotency-Key came with another body before'),
} as const

export const changedMeanwhile = { 412: problem('people have changed it since what If-Match names') } as const

export const IdParameter = z.strictObject({ id: Uuid })

/** `?limit=`: rows of one page. */
export const Limit = z.coerce.number().int().min(1).max(1000)

export function list<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item) })
}
