// What a request below `/v2/` or `/extensions/v2/` is for. Repositories hold slashes, so paths are read from their end.
import { isContentDigest, isRepository } from '../reference.ts'
import { RegistryError } from './errors.ts'

export type RegistryTarget =
  | { kind: 'blob'; repository: string; digest: string }
  | { kind: 'uploads'; repository: string }
  | { kind: 'upload'; repository: string; id: string }
  /** Not judged: what is neither tag nor digest is nowhere to be found. */
  | { kind: 'manifest'; repository: string; reference: string }
  | { kind: 'tags'; repository: string }
  | { kind: 'referrers'; repository: string; digest: string }
  | { kind: 'signatures'; repository: string; digest: string }

const SHAPES: readonly [RegExp, (repository: string, last: string) => RegistryTarget][] = [
  [/^\/v2\/(.+)\/blobs\/uploads\/?()$/, (repository) => ({ kind: 'uploads', repository })],
  [/^\/v2\/(.+)\/blobs\/uploads\/([^/]+)$/, (repository, id) => ({ kind: 'upload', repository, id })],
  [/^\/v2\/(.+)\/blobs\/([^/]+)$/, (repository, last) => ({ kind: 'blob', repository, digest: digest(last) })],
  [/^\/v2\/(.+)\/manifests\/([^/]+)$/, (repository, last) => ({ kind: 'manifest', repository, reference: last })],
  [/^\/v2\/(.+)\/tags\/list()$/, (repository) => ({ kind: 'tags', repository })],
  [/^\/v2\/(.+)\/referrers\/([^/]+)$/, (repository, last) => ({ kind: 'referrers', repository, digest: digest(last) })],
  [
    /^\/extensions\/v2\/(.+)\/signatures\/([^/]+)$/,
    (repository, last) => ({ kind: 'signatures', repository, digest: digest(last) }),
  ],
]

/** Throws RegistryError for paths of another form and for names that are none; undefined for no endpoint at all. */
export function registryTarget(path: string): RegistryTarget | undefined {
  for (const [shape, target] of SHAPES) {
    const match = shape.exec(path)
    if (!match) continue
    const repository = match[1]!
    if (!isRepository(repository)) {
      throw new RegistryError(400, 'NAME_INVALID', `${repository.slice(0, 300)} is not a repository name`)
    }
    return target(repository, decoded(match[2]!))
  }
  return undefined
}

function digest(text: string): string {
  if (isContentDigest(text)) return text
  throw new RegistryError(400, 'DIGEST_INVALID', `${text.slice(0, 200)} is not a sha256 or sha512 digest`)
}

/** Some clients write `sha256%3A...`. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
