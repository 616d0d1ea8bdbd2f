// Who may pull and push: secrets by Basic or Bearer, or a token of the registry itself for clients that insist on fetching one.
// https://distribution.github.io/distribution/spec/auth/token/
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Context } from 'hono'
import type { RegistryContext } from './context.ts'
import { RegistryError } from './errors.ts'

export type RegistryAction = 'pull' | 'push' | 'delete'

/** Somebody with a valid secret. */
export interface RegistryCaller {
  /** As events name it: `user:<name>`, `token:<name>`. */
  actor: string
  may: readonly RegistryAction[]
  /** The one repository that counts for; without it, all. */
  only?: string
}

export interface RegistryAccess {
  /** Whose secret it is; undefined when nobody's. */
  authenticate(secret: string): RegistryCaller | undefined
  /** Whose name and password these are; undefined when nobody's. Throws RegistryError TOOMANYREQUESTS where there was too much guessing. */
  logIn?(login: { name: string; password: string; address: string | undefined }): Promise<RegistryCaller | undefined>
  /** Whether anybody may pull from this repository. */
  isPublic(repository: string): boolean
}

/** Short: what a caller may do is fixed for so long, even when the secret is revoked meanwhile. */
const TOKEN_SECONDS = 300
const SERVICE = 'landfall'
const ANONYMOUS: RegistryCaller = { actor: 'anonymous', may: [] }

/** Makes and reads the tokens of one process. After a restart clients fetch another one, as they do when a token has expired. */
export class RegistryTokens {
  readonly #key = randomBytes(32)
  readonly #now: () => Date

  constructor(now: () => Date) {
    this.#now = now
  }

  issue(caller: RegistryCaller): string {
    const expires = this.#now().getTime() + TOKEN_SECONDS * 1000
    const claims = Buffer.from(JSON.stringify({ ...caller, expires })).toString('base64url')
    return `${claims}.${this.#sign(claims)}`
  }

  read(token: string): RegistryCaller | undefined {
    const [claims = '', signature = ''] = token.split('.')
    const want = Buffer.from(this.#sign(claims))
    const got = Buffer.from(signature)
    if (want.length !== got.length || !timingSafeEqual(want, got)) return undefined
    const { expires, ...caller } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as RegistryCaller & {
      expires: number
    }
    return expires > this.#now().getTime() ? caller : undefined
  }

  #sign(claims: string): string {
    return createHmac('sha256', this.#key).update(claims).digest('base64url')
  }
}

export interface RegistryDoorOptions {
  access: RegistryAccess
  /** Only pulls that are for anybody, and no credentials: for listeners without TLS. */
  publicOnly: boolean
  now: () => Date
}

/** The door of the registry. */
export class RegistryDoor {
  readonly #access: RegistryAccess
  readonly #publicOnly: boolean
  readonly #tokens: RegistryTokens

  constructor({ access, publicOnly, now }: RegistryDoorOptions) {
    this.#access = access
    this.#publicOnly = publicOnly
    this.#tokens = new RegistryTokens(now)
  }

  /** `GET /v2/token`: a token for whoever logged in, or for anybody. Throws UNAUTHORIZED for a wrong secret or password. */
  async token(c: RegistryContext): Promise<Response> {
    const basic = basicOf(c)
    const caller = basic === undefined ? ANONYMOUS : await this.#who(c, basic)
    if (!caller) throw wrongSecret({ 'WWW-Authenticate': 'Basic realm="landfall"' })
    const token = this.#tokens.issue(caller)
    c.header('Cache-Control', 'no-store')
    return c.json({ token, access_token: token, expires_in: TOKEN_SECONDS })
  }

  /** A secret is good under any name. */
  async #who(c: RegistryContext, { name, password }: BasicLogin): Promise<RegistryCaller | undefined> {
    const address = c.env?.incoming?.socket.remoteAddress?.replace(/^::ffff:(?=\d+\.)/, '')
    return this.#access.authenticate(password) ?? this.#access.logIn?.({ name, password, address })
  }

  /** `GET /v2/`: clients ask it first, and go by its challenge in all that follows; so it is not for nobody. */
  ping(c: Context): Response {
    if (!this.#publicOnly && this.#caller(c) === undefined) throw unauthorized(c, 'authentication required', undefined)
    return c.json({})
  }

  /** Throws UNAUTHORIZED or DENIED unless whoever asks may do that. Undefined: anybody may. */
  enter(c: Context, action: RegistryAction, repository: string): RegistryCaller | undefined {
    if (this.#publicOnly) return this.#enterPublic(action, repository)
    const scope = `repository:${repository}:${action === 'push' ? 'pull,push' : action}`
    const caller = this.#caller(c, scope)
    if (caller && mayDo(caller, action, repository)) return caller
    if (action === 'pull' && this.#access.isPublic(repository)) return undefined
    if (caller === undefined || caller.actor === ANONYMOUS.actor) {
      throw unauthorized(
        c,
        `${action === 'pull' ? `pulling from ${repository}` : `a ${action}`} needs an API token`,
        scope,
      )
    }
    throw new RegistryError(403, 'DENIED', `${caller.actor} may not ${action} in ${repository}`)
  }

  #enterPublic(action: RegistryAction, repository: string): undefined {
    if (action === 'pull' && this.#access.isPublic(repository)) return undefined
    throw new RegistryError(405, 'UNSUPPORTED', 'without TLS anybody may pull what is public, and nothing else')
  }

  /** Undefined without credentials; throws UNAUTHORIZED for wrong ones, even where none are needed, so that people notice. */
  #caller(c: Context, scope?: string): RegistryCaller | undefined {
    const bearer = /^bearer +([\w.~+/-]+=*) *$/i.exec(c.req.header('authorization') ?? '')?.[1]
    const secret = bearer ?? basicOf(c)?.password
    if (secret === undefined) return undefined
    const caller = (bearer !== undefined && this.#tokens.read(bearer)) || this.#access.authenticate(secret)
    if (caller) return caller
    throw wrongSecret({ 'WWW-Authenticate': `${challenge(c, scope)},error="invalid_token"` })
  }
}

export function mayDo({ may, only }: RegistryCaller, action: RegistryAction, repository: string): boolean {
  return may.includes(action) && (only === undefined || only === repository)
}

interface BasicLogin {
  name: string
  password: string
}

function basicOf(c: Context): BasicLogin | undefined {
  const encoded = /^basic +([A-Za-z0-9+/]+=*) *$/i.exec(c.req.header('authorization') ?? '')?.[1]
  if (encoded === undefined) return undefined
  const pair = Buffer.from(encoded, 'base64').toString()
  const colon = pair.indexOf(':')
  return { name: pair.slice(0, Math.max(0, colon)), password: pair.slice(colon + 1) }
}

function unauthorized(c: Context, message: string, scope: string | undefined): RegistryError {
  const hint =
    'log in by name and password, or with any name and an API token as password; `landfall token create` makes one'
  return new RegistryError(401, 'UNAUTHORIZED', `${message}; ${hint}`, {
    headers: { 'WWW-Authenticate': challenge(c, scope) },
  })
}

function wrongSecret(headers: Record<string, string>): RegistryError {
  return new RegistryError(
    401,
    'UNAUTHORIZED',
    'name or password is wrong, or the token is unknown, revoked or expired',
    { headers },
  )
}

function challenge(c: Context, scope: string | undefined): string {
  const { origin } = new URL(c.req.url)
  return `Bearer realm="${origin}/v2/token",service="${SERVICE}"${scope === undefined ? '' : `,scope="${scope}"`}`
}
