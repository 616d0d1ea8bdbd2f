// Logging in and out, one's own password, and API tokens.
import { createRoute, OpenAPIHono } from '@hono/zod-openapi'
import { z } from 'zod'
import { ApiToken, ChangePassword, CreatedToken, CreateToken, LoginRequest, Session } from '../../contract/access.ts'
import { originOf } from '../context.ts'
import type { HttpEnv } from '../context.ts'
import { bearerToken, clearSessionCookie, requireOwnOrigin, secretOf, setSessionCookie } from '../middleware/access.ts'
import { note } from '../middleware/audited.ts'
import type { Services } from '../ports.ts'
import { HttpProblem, refuseInvalid } from '../problem.ts'
import { body, conflict, IdParameter, json, list, needs, notFound, nothing, refusals } from './operation.ts'

const tags = ['access']

const tooMany = { 429: { ...refusals[401], description: 'too many failures; Retry-After says how long to wait' } }

const login = createRoute({
  method: 'post',
  path: '/login',
  tags,
  summary: 'Open a browser session by name and password, with an API token, or with the one-time login secret',
  security: [],
  request: { body: body(LoginRequest) },
  responses: {
    200: { ...json(Session, 'the session; its cookie is set'), headers: {} },
    400: refusals[400],
    401: refusals[401],
    ...tooMany,
  },
})

const logout = createRoute({
  method: 'post',
  path: '/logout',
  tags,
  summary: 'End the browser session',
  security: [],
  request: {
    query: z.strictObject({
      everywhere: z.enum(['true', 'false']).default('false').describe('and all others of the same user or token'),
    }),
  },
  responses: { 204: nothing, 400: refusals[400] },
})

const getSession = createRoute({
  method: 'get',
  path: '/session',
  tags,
  summary: 'Whose browser session this is, what it may do, and until when',
  ...needs('viewer', 'own'),
  responses: { 200: json(Session, 'the session'), ...refusals, ...notFound },
})

const changePassword = createRoute({
  method: 'post',
  path: '/session/password',
  tags,
  summary: 'Take a new password; ends all other sessions of the user',
  ...needs('viewer', 'own'),
  request: { body: body(ChangePassword) },
  responses: { 204: nothing, ...refusals, ...conflict, ...tooMany },
})

const listTokens = createRoute({
  method: 'get',
  path: '/tokens',
  tags,
  summary: 'All API tokens',
  ...needs('admin', 'site'),
  responses: { 200: json(list(ApiToken), 'tokens, without their secrets'), ...refusals },
})

const createToken = createRoute({
  method: 'post',
  path: '/tokens',
  tags,
  summary: 'Make an API token',
  ...needs('admin', 'site'),
  request: { body: body(CreateToken) },
  responses: { 201: json(CreatedToken, 'the token; its secret is shown this one time'), ...refusals, ...conflict },
})

const revokeToken = createRoute({
  method: 'delete',
  path: '/tokens/{id}',
  tags,
  summary: 'Refuse a token, and sessions opened with it, from now on',
  ...needs('admin', 'site'),
  request: { params: IdParameter },
  responses: { 204: nothing, ...refusals, ...notFound },
})

/** Operations that need no login. */
export function loginRoutes({ tokens, logins, audit }: Services): OpenAPIHono<HttpEnv> {
  const app = new OpenAPIHono<HttpEnv>({ defaultHook: refuseInvalid })
  app.openapi(login, async (c) => {
    const request = c.req.valid('json')
    const from = originOf(c)
    const { secret, session } =
      'token' in request
        ? logins.byToken(request.token, from)
        : await logins.byPassword(request.name, request.password, from)
    setSessionCookie(c, secret, new Date(session.expiresAt))
    return c.json(session, 200)
  })
  app.openapi(logout, (c) => {
    const everywhere = c.req.valid('query').everywhere === 'true'
    const secret = secretOf(c)
    if (secret !== undefined) {
      if (bearerToken(c) === undefined) requireOwnOrigin(c)
      const who = tokens.logout(secret, { everywhere })
      if (who) {
        const detail = everywhere ? 'everywhere' : ''
        audit.record({
          ...originOf(c),
          actor: who.actor,
          role: who.role,
          action: 'POST /logout',
          detail,
          result: 'done',
        })
      }
    }
    clearSessionCookie(c)
    return c.body(null, 204)
  })
  return app
}

export function accessRoutes({ tokens, users, logins }: Services): OpenAPIHono<HttpEnv> {
  const app = new OpenAPIHono<HttpEnv>({ defaultHook: refuseInvalid })
  app.openapi(getSession, (c) => {
    const session = tokens.sessionOf(secretOf(c) ?? '')
    if (!session) throw new HttpProblem(404, 'NOT_FOUND', 'an API token is good without a session')
    return c.json(session, 200)
  })
  app.openapi(changePassword, async (c) => {
    const { userId } = c.var.caller
    if (userId === undefined) throw new HttpProblem(409, 'CONFLICT', 'tokens have no password: log in as a user first')
    const { issuer } = users.get(userId)
    if (issuer !== null) throw new HttpProblem(409, 'CONFLICT', `you have no password here: change it at ${issuer}`)
    const { current, password } = c.req.valid('json')
    await logins.requirePassword(userId, current, { ...originOf(c), action: 'POST /session/password' })
    await users.setOwnPassword(userId, password, { except: secretOf(c) })
    return c.body(null, 204)
  })
  app.openapi(listTokens, (c) => c.json({ items: tokens.listApiTokens() }, 200))
  app.openapi(createToken, (c) => {
    const made = tokens.createApiToken(c.req.valid('json'), c.var.caller.actor)
    note(c, `token ${made.name} ${made.id} with role ${made.role}`)
    return c.json(made, 201)
  })
  app.openapi(revokeToken, (c) => {
    tokens.revoke(c.req.valid('param').id, c.var.caller.actor)
    return c.body(null, 204)
  })
  return app
}
