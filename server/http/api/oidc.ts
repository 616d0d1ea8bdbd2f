// Logging in by an OpenID provider: there and back again, by redirects that the browser follows.
import { createRoute, OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { z } from 'zod'
import { LoginOptions } from '../../contract/access.ts'
import { Seal } from '../../core/seal.ts'
import type { OidcLogins } from '../../core/oidc-logins.ts'
import { originOf } from '../context.ts'
import type { HttpEnv } from '../context.ts'
import { setSessionCookie } from '../middleware/access.ts'
import { ownPath } from '../own-path.ts'
import type { Services } from '../ports.ts'
import { HttpProblem, refuseInvalid } from '../problem.ts'
import { json, notFound, refusals } from './operation.ts'

const tags = ['access']

const BEGIN = '/login/oidc'
const CALLBACK = '/login/oidc/callback'

/** Errors below are shown to people, who came here by a link. */
export const OIDC_PATH = `/api/v1${BEGIN}`

const COOKIE = '__Host-landfall-oidc'
/** Lax: the provider sends the browser back from another site. The session that comes of it is strict. */
const COOKIE_OPTIONS = { path: '/', secure: true, httpOnly: true, sameSite: 'Lax' } as const
/** People look for their second factor. */
const LOGIN_SECONDS = 600

/** What a login under way needs to end; sealed, it waits in the browser's cookie. */
const Pending = z.object({
  checks: z.object({ state: z.string(), nonce: z.string(), verifier: z.string() }),
  to: z.string(),
  until: z.number(),
})

const troubles = {
  403: { ...refusals[403], description: 'no role is mapped, or the user was shut out' },
  429: { ...refusals[401], description: 'too many failures; Retry-After says how long to wait' },
  503: { ...refusals[401], description: 'the provider cannot be used; the code says why' },
}

const options = createRoute({
  method: 'get',
  path: '/login/options',
  tags,
  summary: 'How people can log in besides by name and password',
  security: [],
  responses: { 200: json(LoginOptions, 'what the login page offers') },
})

const begin = createRoute({
  method: 'get',
  path: BEGIN,
  tags,
  summary: 'Send the browser to the OpenID provider',
  security: [],
  request: {
    query: z.strictObject({
      to: z
        .string()
        .max(2000)
        .refine((to) => ownPath(to) !== undefined, 'must be a path of this server')
        .default('/')
        .describe('where to go after the login'),
    }),
  },
  responses: { 302: { description: 'to the provider' }, 400: refusals[400], ...notFound, ...troubles },
})

const callback = createRoute({
  method: 'get',
  path: CALLBACK,
  tags,
  summary: 'Take the answer of the OpenID provider and open a browser session',
  security: [],
  request: {
    query: z
      .object({
        code: z.string(),
        state: z.string(),
        iss: z.string(),
        error: z.string(),
        error_description: z.string(),
      })
      .partial(),
  },
  responses: {
    302: { description: 'to where the login was begun; the cookie of the session is set' },
    400: refusals[400],
    401: refusals[401],
    ...notFound,
    ...troubles,
  },
})

export function oidcRoutes({ oidc }: Pick<Services, 'oidc'>): OpenAPIHono<HttpEnv> {
  const app = new OpenAPIHono<HttpEnv>({ defaultHook: refuseInvalid })
  const seal = new Seal()
  app.openapi(options, (c) => c.json({ oidc: oidc ? { name: oidc.name } : null }, 200))
  app.openapi(begin, async (c) => {
    const to = ownPath(c.req.valid('query').to)!
    const redirectUri = new URL(OIDC_PATH + '/callback', c.req.url).href
    const { url, checks } = await required(oidc).begin(redirectUri, from(c))
    const pending = JSON.stringify({ checks, to, until: Date.now() + LOGIN_SECONDS * 1000 })
    setCookie(c, COOKIE, seal.seal(pending), { ...COOKIE_OPTIONS, maxAge: LOGIN_SECONDS })
    return redirect(c, url)
  })
  app.openapi(callback, async (c) => {
    const sealed = getCookie(c, COOKIE)
    // Good for one answer, whatever becomes of it.
    deleteCookie(c, COOKIE, COOKIE_OPTIONS)
    const pending = sealed === undefined ? undefined : unseal(seal, sealed)
    const { secret, session } = await required(oidc).finish(new URL(c.req.url), pending?.checks, from(c))
    setSessionCookie(c, secret, new Date(session.expiresAt))
    return redirect(c, pending?.to ?? '/')
  })
  return app
}

function unseal(seal: Seal, sealed: string): z.infer<typeof Pending> | undefined {
  const text = seal.open(sealed)
  const pending = text === undefined ? undefined : Pending.parse(JSON.parse(text))
  return pending && pending.until > Date.now() ? pending : undefined
}

function required(oidc: OidcLogins | undefined): OidcLogins {
  if (oidc) return oidc
  const hint = 'an administrator sets it up with [oidc] in the configuration; log in by name and password'
  throw new HttpProblem(404, 'NOT_FOUND', 'this server has no OpenID provider', { hint })
}

function from(c: Context<HttpEnv>) {
  return { ...originOf(c), action: `GET ${c.req.path === OIDC_PATH ? BEGIN : CALLBACK}` }
}

/** Neither is to be kept: one holds what is good once, the other a session. */
function redirect(c: Context, to: string): Response & { status: 302 } {
  c.header('Cache-Control', 'no-store')
  return c.redirect(to, 302) as Response & { status: 302 }
}
