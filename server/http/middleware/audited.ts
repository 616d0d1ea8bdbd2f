// Writes down who did what: every operation that changes something, and those that hand out what is secret.
import type { Context, MiddlewareHandler } from 'hono'
import { createMiddleware } from 'hono/factory'
import { routePath } from 'hono/route'
import type { AuditResult } from '../../contract/audit.ts'
import type { AuditLog } from '../../core/audit.ts'
import { isReading, remoteAddress } from '../context.ts'
import type { HttpEnv } from '../context.ts'
import { describeError } from '../problem.ts'

const API = '/api/v1'

/**
 * Of a long operation, that it was begun: its event tells what came of it. Reading is left out, unless `reads`. Outside of admission, so that
 * who was turned away is written down too.
 */
export function audited({ reads }: { reads: boolean }): MiddlewareHandler<HttpEnv> {
  return createMiddleware<HttpEnv>(async (c, next) => {
    await next()
    if (!reads && isReading(c)) return
    const { caller, guard, auditDetail, requestId } = c.var
    const { actor, role } = caller
    const { pathname, search } = new URL(c.req.url)
    guard.audit.record({
      actor,
      role,
      address: remoteAddress(c),
      action: `${c.req.method} ${template(routePath(c))}`,
      target: pathname.slice(API.length) + search,
      detail: auditDetail,
      ...outcome(c),
      requestId,
    })
  })
}

/** What the audit trail shall say beyond the path: names and ids, never a secret. */
export function note(c: Context<HttpEnv>, detail: string): void {
  c.set('auditDetail', detail)
}

/** The same for pushes and deletions in the registry, which speaks another language of errors. */
export function auditedRegistry(
  audit: Pick<AuditLog, 'record'>,
  root: '/v2' | '/extensions/v2',
): MiddlewareHandler<HttpEnv> {
  return createMiddleware<HttpEnv & { Variables: { registryCaller?: { actor: string } } }>(async (c, next) => {
    await next()
    const { method, path } = c.req
    const isChange =
      method === 'DELETE'
        ? /\/(manifests|blobs)\//.test(path)
        : method === 'PUT' && /\/(manifests|signatures)\//.test(path)
    const actor = c.var.registryCaller?.actor
    // Strangers are asked to log in first; they are not worth a line each.
    if (!isChange || actor === undefined) return
    const { requestId } = c.var
    audit.record({
      actor,
      address: remoteAddress(c),
      action: `${method} ${root}`,
      target: path.slice(root.length + 1),
      ...outcome(c),
      requestId,
    })
  })
}

function outcome(c: Context): { result: AuditResult; code?: string } {
  const { status } = c.res
  if (status < 400) return { result: 'done' }
  return { result: status < 500 ? 'refused' : 'failed', code: c.error ? describeError(c.error).code : String(status) }
}

/** `/api/v1/machines/:id` as the OpenAPI document has it: `/machines/{id}`. */
function template(path: string): string {
  return path.slice(API.length).replaceAll(/:(\w+)(\{[^}]*\})?/g, '{$1}')
}
