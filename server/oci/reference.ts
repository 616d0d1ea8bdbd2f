// Image references: `registry.example:5000/os/web:stable@sha256:...`, after the grammar of the distribution specification 1.1.
import { OciError } from './errors.ts'

export interface Reference {
  /** `host` or `host:port`; absent in references to our own store. */
  registry?: string
  repository: string
  tag?: string
  digest?: string
}

const COMPONENT = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*'
const REPOSITORY = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`)
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/
const DIGEST = /^sha256:[0-9a-f]{64}$/
const CONTENT_DIGEST = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/
const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?$/

export function isRepository(text: string): boolean {
  return text.length <= 255 && REPOSITORY.test(text)
}

export function isTag(text: string): boolean {
  return TAG.test(text)
}

export function isDigest(text: string): boolean {
  return DIGEST.test(text)
}

/** What the registry stores by: besides sha256, clients may bring content by its sha512. */
export function isContentDigest(text: string): boolean {
  return CONTENT_DIGEST.test(text)
}

/** Parses a reference to an image in our own store: `repository`, `repository:tag`, `repository@digest`. No registry part. */
export function parseLocalReference(text: string): Reference {
  const { name, tag, digest } = split(text)
  if (!isRepository(name)) {
    throw invalid(text, `"${name}" is not a repository name (lower-case letters, digits and . _ - between slashes)`)
  }
  return reference(text, { repository: name, tag, digest })
}

/** Parses a reference that names its registry: no short names are expanded, so that nobody is surprised by where an image came from. */
export function parseRemoteReference(text: string): Reference & { registry: string } {
  const bare = text.replace(/^docker:\/\//, '')
  const { name, tag, digest } = split(bare)
  const slash = name.indexOf('/')
  const registry = slash < 0 ? '' : name.slice(0, slash)
  const repository = name.slice(slash + 1)
  const isHost = registry === 'localhost' || /[.:]/.test(registry)
  if (!isHost || !HOST.test(registry)) {
    throw invalid(text, 'the registry is missing: write it out, like registry.example/os/web:stable')
  }
  if (!isRepository(repository)) throw invalid(text, `"${repository}" is not a repository name`)
  return { registry, ...reference(text, { repository, tag, digest }) }
}

/** The reference as text; digest wins over tag. */
export function formatReference(ref: Reference): string {
  const name = ref.registry ? `${ref.registry}/${ref.repository}` : ref.repository
  if (ref.digest) return `${name}@${ref.digest}`
  return ref.tag ? `${name}:${ref.tag}` : name
}

/** `registry.example:5000/os/web:1@sha256:...` without tag and digest; for text that somebody else has written, nothing of it is judged. */
export function repositoryOf(text: string): string {
  return split(text).name
}

function split(text: string): { name: string; tag: string | undefined; digest: string | undefined } {
  const at = text.indexOf('@')
  const digest = at < 0 ? undefined : text.slice(at + 1)
  const rest = at < 0 ? text : text.slice(0, at)
  const colon = rest.lastIndexOf(':')
  // A colon before the last slash belongs to the registry's port.
  if (colon < 0 || colon < rest.lastIndexOf('/')) return { name: rest, tag: undefined, digest }
  return { name: rest.slice(0, colon), tag: rest.slice(colon + 1), digest }
}

function reference(
  text: string,
  parts: { repository: string; tag: string | undefined; digest: string | undefined },
): Reference {
  if (parts.tag !== undefined && !isTag(parts.tag)) throw invalid(text, `"${parts.tag}" is not a tag`)
  if (parts.digest !== undefined && !isDigest(parts.digest)) {
    throw invalid(text, `"${parts.digest}" is not a digest (sha256: and 64 lower-case hex digits)`)
  }
  return {
    repository: parts.repository,
    ...(parts.tag !== undefined && { tag: parts.tag }),
    ...(parts.digest !== undefined && { digest: parts.digest }),
  }
}

function invalid(text: string, why: string): OciError {
  return new OciError('REFERENCE_INVALID', `image reference ${JSON.stringify(text.slice(0, 300))}: ${why}`)
}
