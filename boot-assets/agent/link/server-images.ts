// Images from a server's registry.
import { ACCEPTED_MANIFESTS, ZSTD_LAYER } from '../../../server/oci/media-types.ts'
import type { MachineSpec } from '../../../server/contract/spec.ts'
import { AgentError } from '../errors.ts'
import type { BlobCache } from '../stream/blob-source.ts'
import { ServerError } from './server.ts'
import type { Server } from './server.ts'
import type { ImageSource } from './task-source.ts'

export interface ServerImagesOptions {
  /** PEM of the only CA to trust. */
  ca: string
  /** What a repository wants that is not for everybody. */
  token?: string | undefined
  /** Who else may have layers, and which certificates to trust there. */
  caches?: { layerCaches: readonly string[]; certificates: MachineSpec['registry']['certificates'] }
}

export function serverImages(
  server: Pick<Server, 'url' | 'bytes' | 'size'>,
  { ca, token, caches }: ServerImagesOptions,
): ImageSource {
  const login = token === undefined ? {} : { token }
  return {
    async bytes(kind, repository, digest, signal) {
      const path = `/v2/${repository}/${kind}/${digest}`
      try {
        return await server.bytes('GET', path, { ...login, headers: { accept: ACCEPTED_MANIFESTS }, signal })
      } catch (cause) {
        throw notThere(repository, digest, cause)
      }
    },
    async size(repository, digest, signal) {
      try {
        return await server.size(`/v2/${repository}/blobs/${digest}`, { ...login, signal })
      } catch (cause) {
        throw notThere(repository, digest, cause)
      }
    },
    locate: (repository, digest) => ({
      ...(caches && {
        caches: caches.layerCaches.map((base) => cacheOf(base, `${repository}/blobs/${digest}`, caches)),
      }),
      urls: [`${server.url}/v2/${repository}/blobs/${digest}`],
      // Caches carry what the image has, and shall carry it.
      ...(!caches?.layerCaches.length && { offers: ZSTD_LAYER }),
      ca,
      ...(token !== undefined && { headers: { authorization: `Bearer ${token}` } }),
    }),
  }
}

/** The path of a cache is the beginning of repository names there. */
function cacheOf(base: string, blob: string, { certificates }: NonNullable<ServerImagesOptions['caches']>): BlobCache {
  const { origin, host, pathname } = new URL(base)
  const prefix = pathname.replace(/^\/+|\/+$/g, '')
  const own = certificates.filter(({ registry }) => registry === host).map(({ pem }) => pem)
  return { url: `${origin}/v2/${prefix && `${prefix}/`}${blob}`, ...(own.length > 0 && { ca: own.join('\n') }) }
}

/** Says of a 404 what is missing; whatever else went wrong stays as it is. */
function notThere(repository: string, digest: string, cause: unknown): unknown {
  if (!(cause instanceof ServerError && cause.status === 404)) return cause
  return new AgentError('IMAGE_NOT_FOUND', `fetching ${digest} of ${repository}: the server does not have it`, {
    cause,
    hint: 'import or pull the image into Landfall again',
  })
}
