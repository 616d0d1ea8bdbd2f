// Who calls: bearer tokens for programs, a session cookie for the web page.
import type { Context, MiddlewareHandler } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { createMiddleware } from 'hono/factory'
import type { Principal } from '../../core/tokens.ts'
import { isReading } from '../context.ts'
import type { Guard, HttpEnv } from '../context.ts'
import { HttpProblem } from '../problem.ts'

/** The prefix makes browsers insist on Secure, Path=/ and no Domain (RFC 6265bis section 4.1.3.2). */
export const SESSION_COOKIE = '__Host-landfall'

/** Finds out who a secret belongs to; undefined when to nobody, or when it has expired. */
export interface Authenticator {
  authenticate(secret: string): Principal | undefined
}

/**
 * Requires a valid API token or session and leaves the caller in the context. A cookie alone comes along with requests that other sites
 * make in the user's name, so writes by cookie must come from our own page.
 */
export function authenticated(tokens: Authenticator, guard: Guard): MiddlewareHandler<HttpEnv> {
  return createMiddleware<HttpEnv>(async (c, next) => {
    const secret = secretOf(c)
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
    if (bearerToken(c) === undefined) requireOwnOrigin(c)
    c.set('caller', principal)
    c.set('guard', guard)
    await next()
  })
}

/** What the caller shows: a token, else the cookie. */
export function secretOf(c: Context): string | undefined {
  return bearerToken(c) ?? getCookie(c, SESSION_COOKIE)
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
  if (isReading(c)) return
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
