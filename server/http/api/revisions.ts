// Entity tags of what people change: nobody overwrites what others changed meanwhile, and nothing is sent that is known (RFC 9110 section 13).
import { createHash } from 'node:crypto'
import type { Context } from 'hono'
import { z } from 'zod'
import type { HttpEnv } from '../context.ts'
import { HttpProblem } from '../problem.ts'

interface Revised {
  revision: number
}

export const IfMatchHeader = z.looseObject({
  'if-match': z
    .string()
    .max(1000)
    .optional()
    .describe(
      '`ETag` of what the change is based on, or `"REVISION"`: refused with 412 if people have changed it since',
    ),
})

export const IfNoneMatchHeader = z.looseObject({
  'if-none-match': z
    .string()
    .max(1000)
    .optional()
    .describe('`ETag` of what is known: answered with 304 if it is the same'),
})

/** For responses of operations that take these headers. */
export const unchanged = { 304: { description: 'what is known is still so' } } as const

/**
 * Two parts: what people changed last, and a digest of all that is answered. A machine's sign of life is a new answer, and no reason to refuse a
 * person's change: docs/decisions/0019-documents-and-revisions.md.
 */
function tagOf(answer: Revised): string {
  const digest = createHash('sha256').update(JSON.stringify(answer)).digest('base64url').slice(0, 22)
  return `"${answer.revision}.${digest}"`
}

/** Tells the tag with the answer. */
export function tag<T extends Revised>(c: Context<HttpEnv>, answer: T): T {
  c.header('ETag', tagOf(answer))
  return answer
}

/** Whether the caller knows this answer already; for GET, before it is sent. */
export function isKnown(c: Context<HttpEnv>, answer: Revised): boolean {
  const known = tagOf(answer)
  c.header('ETag', known)
  // Asked for again each time, and answered in full only when something is new.
  c.header('Cache-Control', 'private, no-cache')
  const given = c.req.header('if-none-match')
  // Weak comparison (section 13.1.2).
  return given !== undefined && tagsOf(given).some((one) => one === '*' || one.replace(/^W\//, '') === known)
}

/** Throws CHANGED_MEANWHILE when people have changed it since what `If-Match` names. Nothing may come between this and the change. */
export function requireMatch(c: Context<HttpEnv>, { revision }: Revised): void {
  const given = c.req.header('if-match')
  if (given === undefined) return
  const fits = tagsOf(given).some((one) => one === '*' || /^"(\d+)(?:\.[\w-]*)?"$/.exec(one)?.[1] === String(revision))
  if (fits) return
  throw new HttpProblem(
    412,
    'CHANGED_MEANWHILE',
    `it was changed meanwhile: this is revision ${revision} now, not ${given}`,
    {
      hint: 'nothing was written: fetch it again, look at what changed, and send your change with the new ETag',
    },
  )
}

function tagsOf(header: string): string[] {
  return header.split(',').map((one) => one.trim())
}
