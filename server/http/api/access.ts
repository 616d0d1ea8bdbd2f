// Logging in and out, and API tokens.
import { createRoute, OpenAPIHono } from '@hono/zod-openapi'
import { getCookie } from 'hono/cookie'
import { ApiToken, CreatedToken, CreateToken, LoginRequest, Session } from '../../contract/access.ts'
import { CoreError } from '../../core/errors.ts'
import { remoteAddress } from '../context.ts'
import type { HttpEnv } from '../context.ts'
import {
  bearerToken,
  clearSessionCookie,
  requireOwnOrigin,
  SESSION_COOKIE,
  setSessionCookie,
} from '../middleware/access.ts'
import { FailureThrottle } from '../middleware/failure-throttle.ts'
import type { Services } from '../ports.ts'
import { HttpProblem, refuseInvalid } from '../problem.ts'
import { body, conflict, IdParameter, json, list, needs, notFound, nothing, refusals } from './operation.ts'

const login = createRoute({
  method: 'post',
  path: '/login',
  tags: ['access'],
  summary: 'Open a browser session with an API token or the one-time login secret',
  security: [],
  request: { body: body(LoginRequest) },
  responses: {
    200: { ...json(Session, 'the session; its cookie is set'), headers: {} },
    400: refusals[400],
    401: refusals[401],
    429: { ...refusals[401], description: 'too many failures; Retry-After says how long to wait' },
  },
})

const logout = createRoute({
  method: 'post',
  path: '/logout',
  tags: ['access'],
  summary: 'End the browser session',
  security: [],
  responses: { 204: nothing },
})

const getSession = createRoute({
  method: 'get',
  path: '/session',
  tags: ['access'],
  summary: 'Whose browser session this is, and until when',
  ...needs('viewer'),
  responses: { 200: json(Session, 'the session'), ...refusals, ...notFound },
})

const listTokens = createRoute({
  method: 'get',
  path: '/tokens',
  tags: ['access'],
  summary: 'All API tokens',
  ...needs('admin'),
  responses: { 200: json(list(ApiToken), 'tokens, without their secrets'), ...refusals },
})

const createToken = createRoute({
  method: 'post',
  path: '/tokens',
  tags: ['access'],
  summary: 'Make an API token',
  ...needs('admin'),
  request: { body: body(CreateToken) },
  responses: { 201: json(CreatedToken, 'the token; its secret is shown this one time'), ...refusals, ...conflict },
})

const revokeToken = createRoute({
  method: 'delete',
  path: '/tokens/{id}',
  tags: ['access'],
  summary: 'Refuse a token, and sessions opened with it, from now on',
  ...needs('admin'),
  request: { params: IdParameter },
  responses: { 204: nothing, ...refusals, ...notFound },
})

/** Operations that need no login. */
export function loginRoutes({ tokens }: Services, throttle = new FailureThrottle()): OpenAPIHono<HttpEnv> {
  const app = new OpenAPIHono<HttpEnv>({ defaultHook: refuseInvalid })
  app.openapi(login, (c) => {
    const client = remoteAddress(c) ?? 'unknown'
    const wait = throttle.retryAfter(client)
    if (wait > 0) {
      throw new HttpProblem(429, 'TOO_MANY_ATTEMPTS', `too many failed logins from ${client}: wait ${wait} s`, {
        headers: { 'Retry-After': String(wait) },
      })
    }
    const { secret, session } = attempt(() => tokens.login(c.req.valid('json').token), throttle, client)
    setSessionCookie(c, secret, new Date(session.expiresAt))
    return c.json(session, 200)
  })
  app.openapi(logout, (c) => {
    const secret = getCookie(c, SESSION_COOKIE)
    if (secret !== undefined) {
      requireOwnOrigin(c)
      tokens.logout(secret)
    }
    clearSessionCookie(c)
    return c.body(null, 204)
  })
  return app
}

export function accessRoutes({ tokens }: Services): OpenAPIHono<HttpEnv> {
  const app = new OpenAPIHono<HttpEnv>({ defaultHook: refuseInvalid })
  app.openapi(getSession, (c) => {
    const secret = bearerToken(c) ?? getCookie(c, SESSION_COOKIE)
    const session = secret === undefined ? undefined : tokens.sessionOf(secret)
    if (!session) throw new HttpProblem(404, 'NOT_FOUND', 'an API token is good without a session')
    return c.json(session, 200)
  })
  app.openapi(listTokens, (c) => c.json({ items: tokens.listApiTokens() }, 200))
  app.openapi(createToken, (c) => c.json(tokens.createApiToken(c.req.valid('json'), c.var.caller.actor), 201))
  app.openapi(revokeToken, (c) => {
    tokens.revoke(c.req.valid('param').id, c.var.caller.actor)
    return c.body(null, 204)
  })
  return app
}

function attempt<T>(work: () => T, throttle: FailureThrottle, client: string): T {
  try {
    const result = work()
    throttle.succeeded(client)
    return result
  } catch (error) {
    if (!(error instanceof CoreError) || (error.code !== 'TOKEN_INVALID' && error.code !== 'TOKEN_EXPIRED')) throw error
    throttle.failed(client)
    throw new HttpProblem(401, 'LOGIN_REFUSED', `the login was refused: ${error.message}`, {
      cause: error,
      hint: 'a login link works once; `landfall token create` makes an API token to log in with',
    })
  }
}
