// A registry in memory but for its blobs, with callers of each kind.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { ImageRecords } from '../../server/core/images.ts'
import { BlobStore } from '../../server/oci/blob-store.ts'
import { StoreQuota } from '../../server/oci/quota.ts'
import type { RegistryAccess } from '../../server/oci/registry/access.ts'
import { registryApp } from '../../server/oci/registry/app.ts'
import type { RegistryOptions } from '../../server/oci/registry/context.ts'
import { UploadStore } from '../../server/oci/upload-store.ts'
import { memoryImageRecords } from './image-records.ts'

/** Secrets `pusher` and `puller`; `private/...` is not for anybody. */
export const ACCESS: RegistryAccess = {
  authenticate: (secret) =>
    ({
      pusher: { actor: 'token:pusher', may: ['pull', 'push', 'delete'] as const },
      puller: { actor: 'token:puller', may: ['pull'] as const },
    })[secret],
  isPublic: (repository) => !repository.startsWith('private/'),
}

/** A registry over an open store, for whoever only pulls. */
export async function registryOver(blobs: BlobStore, records: ImageRecords): Promise<ReturnType<typeof registryApp>> {
  return registryApp({ blobs, records, uploads: await UploadStore.open(blobs), access: ACCESS })
}

export interface TestRegistryOptions extends Partial<RegistryOptions> {
  maxBytes?: number
}

/** `call` asks as `pusher` unless told otherwise. */
export async function testRegistry({ maxBytes = Infinity, ...options }: TestRegistryOptions = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'landfall-registry-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const records = memoryImageRecords()
  const blobs = await BlobStore.open(folder, new StoreQuota(maxBytes, () => records.storedBytes()))
  const uploads = await UploadStore.open(blobs)
  const app = registryApp({ blobs, uploads, records, access: ACCESS, ...options })

  const call = async (
    method: string,
    path: string,
    { as = 'pusher', headers = {}, body }: CallOptions = {},
  ): Promise<Response> =>
    app.request(path, {
      method,
      headers: { ...(as !== 'nobody' && { authorization: `Bearer ${as}` }), ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : new Uint8Array(body) }),
    })
  return { app, folder, records, blobs, uploads, call }
}

export type TestRegistry = Awaited<ReturnType<typeof testRegistry>>

interface CallOptions {
  as?: 'pusher' | 'puller' | 'nobody'
  headers?: Record<string, string>
  body?: Uint8Array | string
}
