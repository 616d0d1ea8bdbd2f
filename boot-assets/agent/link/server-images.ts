// Images from a server's registry.
import { ACCEPTED_MANIFESTS } from '../../../server/oci/media-types.ts'
import { AgentError } from '../errors.ts'
import { ServerError } from './server.ts'
import type { Server } from './server.ts'
import type { ImageSource } from './task-source.ts'

/** `ca` is the PEM of the only CA to trust, `token` what a repository wants that is not for everybody. */
export function serverImages(
  server: Pick<Server, 'url' | 'bytes' | 'size'>,
  { ca, token }: { ca: string; token?: string | undefined },
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
      urls: [`${server.url}/v2/${repository}/blobs/${digest}`],
      ca,
      ...(token !== undefined && { headers: { authorization: `Bearer ${token}` } }),
    }),
  }
}

/** Says of a 404 what is missing; whatever else went wrong stays as it is. */
function notThere(repository: string, digest: string, cause: unknown): unknown {
  if (!(cause instanceof ServerError && cause.status === 404)) return cause
  return new AgentError('IMAGE_NOT_FOUND', `fetching ${digest} of ${repository}: the server does not have it`, {
    cause,
    hint: 'import or pull the image into Landfall again',
  })
}
