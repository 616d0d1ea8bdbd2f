// The registry's ports, as tokens and events fill them.
import { LoginRequest } from '../contract/access.ts'
import type { Role } from '../contract/access.ts'
import { formatBytes } from '../contract/bytes.ts'
import type { Event } from '../contract/event.ts'
import type { CachedImage, ImageRoom } from '../contract/image-upkeep.ts'
import type { EventInput } from '../core/events.ts'
import { CoreError } from '../core/errors.ts'
import type { Installs } from '../core/installs.ts'
import { isSecret } from '../core/secrets.ts'
import { TooManyAttempts } from '../core/login-guard.ts'
import type { Logins } from '../core/logins.ts'
import type { Principal, Tokens } from '../core/tokens.ts'
import type { RegistryAccess, RegistryAction, RegistryCaller } from '../oci/registry/access.ts'
import type { RegistryChange } from '../oci/registry/context.ts'
import { RegistryError } from '../oci/registry/errors.ts'

const MAY: Record<Role, readonly RegistryAction[]> = {
  admin: ['pull', 'push', 'delete'],
  operator: ['pull', 'push', 'delete'],
  viewer: ['pull'],
  join: [],
}

export interface RegistryAccessPorts {
  tokens: Pick<Tokens, 'authenticate'>
  logins: Pick<Logins, 'principal'>
  installs: Pick<Installs, 'pullableBy'>
  isPublic: (repository: string) => boolean
}

/**
 * People come by name and password, or as programs do with API tokens and sessions; agents with the token of their install, to pull what
 * their machine shall become.
 */
export function registryAccess({ tokens, logins, installs, isPublic }: RegistryAccessPorts): RegistryAccess {
  return {
    authenticate: (secret) => person(tokens.authenticate(secret)) ?? agent(installs, secret),
    async logIn({ name, password, address = 'unknown' }) {
      // Nobody shall be locked out for a program whose token was revoked; and what the API takes for no login is none here.
      if (isSecret(password) || !LoginRequest.safeParse({ name, password }).success) return undefined
      try {
        return person(await logins.principal(name, password, { address, action: 'GET /v2/token' }))
      } catch (error) {
        if (!(error instanceof CoreError)) throw error
        if (error.code === 'LOGIN_REFUSED') return undefined
        if (error.code === 'TOO_MANY_ATTEMPTS') throw tooManyAttempts(error)
        throw error
      }
    },
    isPublic,
  }
}

function tooManyAttempts(error: CoreError): RegistryError {
  const headers = error instanceof TooManyAttempts ? { 'Retry-After': String(error.seconds) } : {}
  return new RegistryError(429, 'TOOMANYREQUESTS', error.message, { headers })
}

export function imageEvent(change: RegistryChange): EventInput {
  const { repository, tag, actor } = change
  const reference = `${repository}:${tag}`
  if (change.type === 'removed') {
    return { type: 'image.removed', actor, message: `image ${reference} was removed`, data: { reference } }
  }
  const { digest } = change
  return { type: 'image.added', actor, message: `image ${reference} was pushed`, data: { reference, digest } }
}

/** A tag that is fetched from another registry moved. */
export function fetchedEvent(
  { repository, tag, digest }: { repository: string; tag: string; digest: string },
  registry: string,
): EventInput {
  const reference = `${repository}:${tag}`
  const message = `image ${reference} was fetched from ${registry}`
  return { type: 'image.added', message, data: { reference, digest } }
}

/** An image made room for others. */
export function evictedEvent({ repository, digest, tags, bytes, usedAt }: CachedImage): EventInput {
  const reference = tags[0] === undefined ? `${repository}@${digest}` : `${repository}:${tags[0]}`
  const message = `image ${reference}, last used at ${usedAt}, went to make room: ${formatBytes(bytes)}`
  return { type: 'image.evicted', message, data: { reference, digest, bytes, usedAt } }
}

/** The same for those who look later; undefined for an event of another kind. */
export function evictionOf({ type, at, data }: Event): ImageRoom['evicted'][number] | undefined {
  const { reference, bytes, usedAt } = data
  if (type !== 'image.evicted' || typeof reference !== 'string' || typeof bytes !== 'number') return undefined
  return { at, reference, bytes, usedAt: typeof usedAt === 'string' ? usedAt : null }
}

/** Tags belong to all machines, so whoever is there for some of them may not move any. */
function person(found: Principal | undefined): RegistryCaller | undefined {
  if (!found) return undefined
  const { actor, role, scope } = found
  return { actor, may: MAY[role].filter((action) => scope === null || action === 'pull') }
}

function agent(installs: Pick<Installs, 'pullableBy'>, secret: string): RegistryCaller | undefined {
  const repository = installs.pullableBy(secret)
  return repository === undefined ? undefined : { actor: 'machine', may: ['pull'], only: repository }
}
