// ImageRecords in memory, for tests that need no database.
import type { ImageRecords, ManifestRecord, TagRecord } from '../../server/core/images.ts'

export function memoryImageRecords(): ImageRecords {
  const tags = new Map<string, TagRecord>()
  const manifests = new Map<string, ManifestRecord>()
  return {
    tags: () => [...tags.values()],
    tag: (repository, tag) => tags.get(`${repository}:${tag}`),
    manifest: (repository, digest) => manifests.get(`${repository}@${digest}`),
    put: (tag, reached) => {
      tags.set(`${tag.repository}:${tag.tag}`, tag)
      for (const manifest of reached) manifests.set(`${manifest.repository}@${manifest.digest}`, manifest)
    },
    removeTag: (repository, tag) => tags.delete(`${repository}:${tag}`),
  }
}
