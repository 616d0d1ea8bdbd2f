// The registry's ports, as tokens and events fill them.
import { formatBytes } from '../contract/bytes.ts'
import type { CachedImage } from '../contract/image-upkeep.ts'
import type { EventInput } from '../core/events.ts'
import type { Installs } from '../core/installs.ts'
import type { Tokens } from '../core/tokens.ts'
import type { RegistryAccess, RegistryAction, RegistryCaller } from '../oci/registry/access.ts'
import type { RegistryChange } from '../oci/registry/context.ts'

const MAY: Record<string, readonly RegistryAction[]> = {
  admin: ['pull', 'push', 'delete'],
  operator: ['pull', 'push', 'delete'],
  viewer: ['pull'],
  join: [],
}

export interface RegistryAccessPorts {
  tokens: Pick<Tokens, 'authenticate'>
  installs: Pick<Installs, 'pullableBy'>
  isPublic: (repository: string) => boolean
}

/** People come with API tokens and sessions; agents with the token of their install, to pull what their machine shall become. */
export function registryAccess({ tokens, installs, isPublic }: RegistryAccessPorts): RegistryAccess {
  return {
    authenticate: (secret) => person(tokens, secret) ?? agent(installs, secret),
    isPublic,
  }
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
  return { type: 'image.evicted', message, data: { reference, digest, bytes } }
}

function person(tokens: Pick<Tokens, 'authenticate'>, secret: string): RegistryCaller | undefined {
  const found = tokens.authenticate(secret)
  return found && { actor: `token:${found.name}`, may: MAY[found.role] ?? [] }
}

function agent(installs: Pick<Installs, 'pullableBy'>, secret: string): RegistryCaller | undefined {
  const repository = installs.pullableBy(secret)
  return repository === undefined ? undefined : { actor: 'machine', may: ['pull'], only: repository }
}
