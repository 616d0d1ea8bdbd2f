// end-4 to end-6, end-11, end-13 and end-14 of the distribution specification: blobs on their way in, at once, in pieces, or by mounting.
import { Readable } from 'node:stream'
import { isContentDigest, isRepository } from '../reference.ts'
import type { Upload } from '../upload-store.ts'
import { mayDo } from './access.ts'
import { algorithmOf } from '../verify.ts'
import type { DigestAlgorithm } from '../verify.ts'
import type { Registry, RegistryContext } from './context.ts'
import { RegistryError } from './errors.ts'

/** Far beyond what clients do at once; each takes memory while it moves. */
const MAX_UPLOADS = 1000
const RETRY_SECONDS = 30

/** POST: begins an upload, or ends one as it begins, by `digest` with the whole content or by `mount` of what is here already. */
export async function beginUpload(c: RegistryContext, registry: Registry, repository: string): Promise<Response> {
  const { digest, mount, from } = c.req.query()
  if (mount !== undefined && (await canMount(registry, repository, mount, from, c))) {
    await record(registry, repository, mount)
    return created(c, repository, mount)
  }
  if (digest !== undefined) requireDigest(digest)
  const { uploads } = registry
  if (uploads.count >= MAX_UPLOADS) {
    throw new RegistryError(429, 'TOOMANYREQUESTS', `${MAX_UPLOADS} uploads are under way; try again later`, {
      headers: { 'Retry-After': String(RETRY_SECONDS) },
    })
  }
  const upload = await uploads.create(repository, algorithm(c, digest))
  if (digest !== undefined) return complete(c, registry, upload, digest)
  return c.body(null, 202, stateOf(upload))
}

/** PATCH: a piece, in order. */
export async function continueUpload(c: RegistryContext, registry: Registry, upload: Upload): Promise<Response> {
  await receive(c, registry, upload)
  return c.body(null, 202, stateOf(upload))
}

/** PUT: the last piece, if any, and the digest of the whole. */
export async function endUpload(c: RegistryContext, registry: Registry, upload: Upload): Promise<Response> {
  const digest = c.req.query('digest')
  if (digest === undefined) throw new RegistryError(400, 'DIGEST_INVALID', 'the query lacks digest=<of the whole blob>')
  requireDigest(digest)
  return complete(c, registry, upload, digest)
}

/** GET: how far it is. */
export function uploadState(c: RegistryContext, upload: Upload): Response {
  return c.body(null, 204, stateOf(upload))
}

/** DELETE. */
export async function cancelUpload(c: RegistryContext, { uploads }: Registry, upload: Upload): Promise<Response> {
  await uploads.cancel(upload)
  return c.body(null, 204)
}

/** Throws BLOB_UPLOAD_UNKNOWN. */
export async function findUpload({ uploads }: Registry, repository: string, id: string): Promise<Upload> {
  const upload = await uploads.find(repository, id)
  if (upload) return upload
  throw new RegistryError(404, 'BLOB_UPLOAD_UNKNOWN', 'there is no such upload in this repository, or it expired')
}

async function complete(c: RegistryContext, registry: Registry, upload: Upload, digest: string): Promise<Response> {
  const { repository } = upload
  await receive(c, registry, upload)
  await registry.uploads.finish(upload, digest)
  await record(registry, repository, digest)
  return created(c, repository, digest)
}

/** Takes the body, if there is one, after a look at what the request says of it. */
async function receive(c: RegistryContext, { uploads }: Registry, upload: Upload): Promise<void> {
  const length = c.req.header('content-length')
  const range = c.req.header('content-range')
  if (range !== undefined) requireNext(range, length, upload)
  if (length === '0' || (length === undefined && c.req.header('transfer-encoding') === undefined && !inMemory(c)))
    return
  const body = bodyOf(c)
  if (!body) return
  try {
    await uploads.append(upload, body)
  } finally {
    // The reason still has to be told on this connection.
    body.resume()
  }
}

/** Throws 416 unless the piece is the one after what arrived. */
function requireNext(range: string, length: string | undefined, upload: Upload): void {
  const match = /^(?:bytes[ =])?(\d+)-(\d+)(?:\/(?:\d+|\*))?$/.exec(range)
  const [start, end] = [Number(match?.[1]), Number(match?.[2])]
  if (!match || end < start) {
    throw new RegistryError(400, 'BLOB_UPLOAD_INVALID', `Content-Range ${range}: want <first>-<last byte>`)
  }
  if (start !== upload.offset) {
    throw new RegistryError(416, 'BLOB_UPLOAD_INVALID', `the piece begins at ${start}, want ${upload.offset}`, {
      headers: stateOf(upload),
    })
  }
  if (length !== undefined && Number(length) !== end - start + 1) {
    const message = `Content-Length ${length} is not the length of Content-Range ${range}`
    throw new RegistryError(400, 'SIZE_INVALID', message)
  }
}

async function canMount(
  registry: Registry,
  repository: string,
  digest: string,
  from: string | undefined,
  c: RegistryContext,
): Promise<boolean> {
  requireDigest(digest)
  if (from !== undefined && !isRepository(from)) return false
  const { records, blobs, access } = registry
  const holder = records.blob(repository, digest) ? repository : (from ?? records.holderOf(digest))
  if (holder === undefined || !records.blob(holder, digest)) return false
  // Nobody gets by mounting what they may not pull.
  const { registryCaller: caller } = c.var
  const mayPull = access.isPublic(holder) || (caller !== undefined && mayDo(caller, 'pull', holder))
  if (holder !== repository && !mayPull) return false
  return (await blobs.size(digest)) !== undefined
}

async function record({ records, blobs, now }: Registry, repository: string, digest: string): Promise<void> {
  blobs.touch(digest)
  const size = await blobs.size(digest)
  if (size === undefined) throw new RegistryError(404, 'BLOB_UNKNOWN', `blob ${digest} was removed just now`)
  records.putBlob({ repository, digest, size, addedAt: now().toISOString() })
}

function created(c: RegistryContext, repository: string, digest: string): Response {
  return c.body(null, 201, { Location: `/v2/${repository}/blobs/${digest}`, 'Docker-Content-Digest': digest })
}

/** Where the upload goes on, and what has arrived; `0-0` also stands for nothing, as clients of Docker's registry expect. */
function stateOf({ repository, id, offset }: Upload): Record<string, string> {
  return {
    Location: `/v2/${repository}/blobs/uploads/${id}`,
    Range: `0-${Math.max(0, offset - 1)}`,
    'Docker-Upload-UUID': id,
  }
}

function requireDigest(text: string): void {
  if (!isContentDigest(text)) {
    throw new RegistryError(400, 'DIGEST_INVALID', `${text.slice(0, 200)} is not a sha256 or sha512 digest`)
  }
}

function algorithm(c: RegistryContext, digest: string | undefined): DigestAlgorithm {
  const wanted = c.req.query('digest-algorithm') ?? algorithmOf(digest ?? '')
  if (wanted === 'sha256' || wanted === 'sha512') return wanted
  throw new RegistryError(400, 'DIGEST_INVALID', `digest-algorithm ${wanted.slice(0, 50)}: want sha256 or sha512`)
}

function inMemory(c: RegistryContext): boolean {
  return c.env?.incoming === undefined
}

function bodyOf(c: RegistryContext): Readable | undefined {
  if (c.env?.incoming) return c.env.incoming
  const { body } = c.req.raw
  return body ? Readable.fromWeb(body) : undefined
}
