// end-3, end-7 and end-9 of the distribution specification: manifests and indexes.
import type { Sized } from '../../core/images.ts'
import { MAX_MANIFEST_BYTES } from '../manifest.ts'
import { readManifest } from '../manifest-facts.ts'
import { isContentDigest, isTag } from '../reference.ts'
import { algorithmOf, digestOf } from '../verify.ts'
import type { Registry, RegistryContext } from './context.ts'
import { RegistryError } from './errors.ts'
import { listsTag } from './range.ts'

interface ManifestTarget {
  repository: string
  /** Tag or digest. */
  reference: string
}

/** More would hardly fit into a request line. */
const MAX_TAGS = 50

/** GET and HEAD. */
export async function getManifest(
  c: RegistryContext,
  { blobs, records, through, onRead }: Registry,
  { repository, reference }: ManifestTarget,
): Promise<Response> {
  await through?.manifest(repository, reference)
  const found = isContentDigest(reference)
    ? records.manifest(repository, reference)
    : records.tag(repository, reference)
  if (!found) throw unknownManifest({ repository, reference })
  const etag = `"${found.digest}"`
  const ifNoneMatch = c.req.header('if-none-match')
  const headers = { 'Docker-Content-Digest': found.digest, ETag: etag, 'Cache-Control': 'private, no-cache' }
  if (ifNoneMatch !== undefined && listsTag(ifNoneMatch.replaceAll('W/', ''), etag)) return c.body(null, 304, headers)
  const bytes = await blobs.read(found.digest, MAX_MANIFEST_BYTES)
  const content = { 'Content-Type': found.mediaType, 'Content-Length': String(bytes.length) }
  if (c.req.method === 'HEAD') return c.body(null, 200, { ...headers, ...content })
  onRead(repository, found.digest)
  return c.body(new Uint8Array(bytes), 200, { ...headers, ...content })
}

/** PUT, by tag, or by digest with any number of tags beside it. Everything the manifest needs must be here. */
export async function putManifest(
  c: RegistryContext,
  registry: Registry,
  { repository, reference }: ManifestTarget,
): Promise<Response> {
  const { blobs, records, judge, onChange, now } = registry
  const byDigest = isContentDigest(reference)
  if (!byDigest && !isTag(reference)) {
    throw new RegistryError(400, 'MANIFEST_INVALID', `${reference.slice(0, 200)} is neither tag nor digest`)
  }
  const bytes = await manifestBody(c)
  const digest = digestOf(bytes, algorithmOf(reference))
  if (byDigest && digest !== reference) {
    throw new RegistryError(400, 'DIGEST_INVALID', `the manifest is ${digest}, want ${reference}`)
  }
  const tags = byDigest ? wantedTags(c) : [reference]
  const facts = readManifest(bytes, c.req.header('content-type')?.split(';')[0]?.trim())
  const { mediaType } = facts
  for (const blob of facts.blobs) await requireBlob(registry, repository, blob)
  await judge({ repository, tags, digest, mediaType, bytes })

  await blobs.put(bytes, algorithmOf(digest))
  const addedAt = now().toISOString()
  records.together(() => {
    requirePreconditions(c, registry, { repository, reference })
    // Asked again where nothing can come between the answer and what is built on it.
    for (const { digest: needed } of facts.blobs) {
      if (!records.blob(repository, needed)) throw missing('blob', needed)
    }
    for (const needed of facts.manifests) if (!records.manifest(repository, needed)) throw missing('manifest', needed)
    records.put(
      [{ ...facts, repository, digest, addedAt }],
      tags.map((tag) => ({ repository, tag, digest, mediaType, addedAt })),
    )
  })
  blobs.settle([digest, ...facts.blobs.map((blob) => blob.digest)])
  const actor = c.var.registryCaller?.actor ?? 'anonymous'
  for (const tag of tags) onChange({ type: 'pushed', repository, tag, digest, actor })
  return c.body(null, 201, {
    Location: `/v2/${repository}/manifests/${digest}`,
    'Docker-Content-Digest': digest,
    ...(facts.subject !== null && { 'OCI-Subject': facts.subject }),
    ...(byDigest && tags.length > 0 && { 'OCI-Tag': tags.join(', ') }),
  })
}

/** DELETE, of a tag alone or of a manifest with all its tags. */
export function deleteManifest(
  c: RegistryContext,
  registry: Registry,
  { repository, reference }: ManifestTarget,
): Response {
  const { records, onChange } = registry
  const actor = c.var.registryCaller?.actor ?? 'anonymous'
  if (!isContentDigest(reference)) {
    if (!records.removeTag(repository, reference)) throw unknownManifest({ repository, reference })
    onChange({ type: 'removed', repository, tag: reference, actor })
    return c.body(null, 202)
  }
  refuseIfNeeded(registry, repository, reference)
  const tags = records.tags().filter((tag) => tag.repository === repository && tag.digest === reference)
  if (!records.removeManifest(repository, reference)) throw unknownManifest({ repository, reference })
  for (const { tag } of tags) onChange({ type: 'removed', repository, tag, actor })
  return c.body(null, 202)
}

function refuseIfNeeded({ records, isInstalling }: Registry, repository: string, digest: string): void {
  const [index] = records.neededBy(repository, digest)
  if (index !== undefined) {
    throw new RegistryError(405, 'UNSUPPORTED', `index ${index} needs manifest ${digest}: delete the index first`)
  }
  const children = records.links().filter((link) => link.repository === repository && link.parent === digest)
  if ([digest, ...children.map(({ child }) => child)].some(isInstalling)) {
    throw new RegistryError(409, 'DENIED', `a machine is being installed from ${digest}: wait, or cancel the install`)
  }
}

async function manifestBody(c: RegistryContext): Promise<Uint8Array> {
  const tooLarge = () =>
    new RegistryError(413, 'MANIFEST_INVALID', `manifests may have at most ${MAX_MANIFEST_BYTES} bytes`)
  if (Number(c.req.header('content-length') ?? 0) > MAX_MANIFEST_BYTES) throw tooLarge()
  const { body } = c.req.raw
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body ?? []) {
    size += chunk.length
    if (size > MAX_MANIFEST_BYTES) throw tooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function wantedTags(c: RegistryContext): string[] {
  const tags = [...new Set(c.req.queries('tag') ?? [])]
  if (tags.length > MAX_TAGS) throw new RegistryError(414, 'UNSUPPORTED', `at most ${MAX_TAGS} tags at a time`)
  for (const tag of tags) {
    if (!isTag(tag)) throw new RegistryError(400, 'MANIFEST_INVALID', `${tag.slice(0, 200)} is not a tag`)
  }
  return tags
}

/** If-Match and If-None-Match against what the reference stands for now: two clients cannot undo each other's work unknowingly. */
function requirePreconditions(
  c: RegistryContext,
  { records }: Registry,
  { repository, reference }: ManifestTarget,
): void {
  const ifMatch = c.req.header('if-match')
  const ifNoneMatch = c.req.header('if-none-match')
  if (ifMatch === undefined && ifNoneMatch === undefined) return
  const now = isContentDigest(reference) ? records.manifest(repository, reference) : records.tag(repository, reference)
  const matches = (list: string) => now !== undefined && listsTag(list, `"${now.digest}"`)
  if ((ifMatch === undefined || matches(ifMatch)) && (ifNoneMatch === undefined || !matches(ifNoneMatch))) return
  const is = now ? `is ${now.digest}` : 'does not exist'
  throw new RegistryError(412, 'DENIED', `${repository}:${reference} ${is}, which the request's condition excludes`)
}

async function requireBlob({ records, blobs }: Registry, repository: string, { digest, size }: Sized): Promise<void> {
  const stored = records.blob(repository, digest) && (await blobs.size(digest))
  if (stored === undefined) throw missing('blob', digest)
  blobs.touch(digest)
  if (stored === size) return
  throw new RegistryError(400, 'SIZE_INVALID', `blob ${digest} has ${stored} bytes, the manifest says ${size}`)
}

function missing(kind: 'blob' | 'manifest', digest: string): RegistryError {
  return new RegistryError(404, 'MANIFEST_BLOB_UNKNOWN', `the repository lacks ${kind} ${digest}: push it first`, {
    detail: { digest },
  })
}

function unknownManifest({ repository, reference }: ManifestTarget): RegistryError {
  return new RegistryError(404, 'MANIFEST_UNKNOWN', `there is no ${reference} in ${repository}`)
}
