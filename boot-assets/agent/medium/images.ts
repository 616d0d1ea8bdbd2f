// Images from an OCI layout on the medium.
import { existsSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { MEDIUM_IMAGES } from '../../../server/contract/medium.ts'
import { MAX_MANIFEST_BYTES } from '../../../server/oci/manifest.ts'
import { AgentError } from '../errors.ts'
import type { ImageSource } from '../link/task-source.ts'

/** The images of the medium mounted there. */
export function mediumImages(mountPoint: string): ImageSource {
  return {
    async bytes(_, repository, digest) {
      const file = blobFile(mountPoint, digest)
      try {
        const { size } = await stat(file)
        if (size > MAX_MANIFEST_BYTES) throw new AgentError('IMAGE_INVALID', `${digest} of ${repository} is too large`)
        return await readFile(file)
      } catch (cause) {
        if (cause instanceof AgentError) throw cause
        throw unreadable(repository, digest, cause)
      }
    },
    size: (repository, digest) =>
      stat(blobFile(mountPoint, digest)).then(
        ({ size }) => size,
        (cause: unknown) => {
          throw unreadable(repository, digest, cause)
        },
      ),
    locate: (_, digest) => ({ urls: [pathToFileURL(blobFile(mountPoint, digest)).href] }),
  }
}

/** Takes from the medium what it has, and the rest from elsewhere: layers on a stick need no network. */
export function besidesMedium(mountPoint: string, elsewhere: ImageSource): ImageSource {
  const medium = mediumImages(mountPoint)
  const source = (digest: string) => (existsSync(blobFile(mountPoint, digest)) ? medium : elsewhere)
  return {
    bytes: (kind, repository, digest, signal) => source(digest).bytes(kind, repository, digest, signal),
    size: (repository, digest, signal) => source(digest).size(repository, digest, signal),
    locate: (repository, digest) => source(digest).locate(repository, digest),
  }
}

function unreadable(repository: string, digest: string, cause: unknown): AgentError {
  return new AgentError('MEDIUM_UNREADABLE', `reading ${digest} of ${repository}: ${(cause as Error).message}`, {
    cause,
  })
}

function blobFile(mountPoint: string, digest: string): string {
  return join(mountPoint, MEDIUM_IMAGES, 'blobs/sha256', digest.replace(/^sha256:/, ''))
}
