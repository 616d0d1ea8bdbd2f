// Who calls, and may they: bearer tokens for programs, a session cookie for the web page, roles for operations.
import type { Context, MiddlewareHandler } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { createMiddleware } from 'hono/factory'
import type { Role } from '../../contract/access.ts'
import type { HttpEnv } from '../context.ts'
import { HttpProblem } from '../problem.ts'

/** The prefix makes browsers insist on Secure, Path=/ and no Domain (RFC 6265bis section 4.1.3.2). */
export const SESSION_COOKIE = '__Host-landfall'

/** Finds out who a secret belongs to; undefined when to nobody, or when it has expired. */
export interface Authenticator {
  authenticate(secret: string): { name: string; role: Role } | undefined
}

/** What each role may do is what it ranks above: an admin may do all an operator may. */
const RANK: Record<Role, number> = { viewer: 0, operator: 1, admin: 2 }

/**
 * Requires a valid API token or session and leaves the caller in the context. A cookie alone comes along with requests that other sites
 * make in the user's name, so writes by cookie must come from our own page.
 */
export function authenticated(tokens: Authenticator): MiddlewareHandler<HttpEnv> {
  return createMiddleware<HttpEnv>(async (c, next) => {
    const bearer = bearerToken(c)
    const cookie = bearer === undefined ? getCookie(c, SESSION_COOKIE) : undefined
    const secret = bearer ?? cookie
    if (secret === undefined) {
      throw new HttpProblem(401, 'UNAUTHENTICATED', 'this needs an API token or a login', {
        hint: 'send `Authorization: Bearer <token>`; `landfall token create` makes tokens',
      })
    }
    const principal = tokens.authenticate(secret)
    if (!principal) {
      throw new HttpProblem(401, 'UNAUTHENTICATED', 'the token or session is unknown, revoked or expired', {
        hint: 'log in again, or make another token on the server with `landfall token create`',
      })
    }
    if (cookie !== undefined) requireOwnOrigin(c)
    c.set('caller', { ...principal, actor: `token:${principal.name}` })
    await next()
  })
}

/** Lets callers pass whose role is at least `role`. After {@link authenticated}. */
export function requireRole(role: Role): MiddlewareHandler<HttpEnv> {
  return createMiddleware<HttpEnv>(async (c, next) => {
    const { caller } = c.var
    if (RANK[caller.role] < RANK[role]) {
      throw new HttpProblem(403, 'FORBIDDEN', `${caller.name} is ${caller.role}; this needs ${role}`)
    }
    await next()
  })
}

/** The token of `Authorization: Bearer ...` (RFC 6750); undefined when there is none. */
export function bearerToken(c: Context): string | undefined {
  return /^bearer +([\w.~+/-]+=*) *$/i.exec(c.req.header('authorization') ?? '')?.[1]
}

/** The same, where there must be one. Throws UNAUTHENTICATED. */
export function requireBearer(c: Context): string {
  const token = bearerToken(c)
  if (token === undefined) throw new HttpProblem(401, 'UNAUTHENTICATED', 'this needs `Authorization: Bearer <token>`')
  return token
}

export function setSessionCookie(c: Context, secret: string, expires: Date): void {
  setCookie(c, SESSION_COOKIE, secret, { path: '/', secure: true, httpOnly: true, sameSite: 'Strict', expires })
}

export function clearSessionCookie(c: Context): void {
  deleteCookie(c, SESSION_COOKIE, { path: '/', secure: true, httpOnly: true, sameSite: 'Strict' })
}

/** Refuses a write that a browser made for another site's page. Browsers always send one of the two headers with writes. */
export function requireOwnOrigin(c: Context): void {
  if (c.req.method === 'GET' || c.req.method === 'HEAD') return
  const site = c.req.header('sec-fetch-site')
  const origin = c.req.header('origin')
  const own =
    site === undefined ? origin !== undefined && sameHost(origin, c.req.header('host')) : site === 'same-origin'
  if (!own) {
    throw new HttpProblem(403, 'CROSS_ORIGIN', 'a session cookie only counts for requests of this server’s own page', {
      hint: 'programs send an API token instead',
    })
  }
}

function sameHost(origin: string, host: string | undefined): boolean {
  try {
    return new URL(origin).host === host
  } catch {
    return false
  }
}
