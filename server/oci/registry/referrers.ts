// end-12 of the distribution specification: what is about a manifest, such as signatures and bills of materials.
import { OCI_INDEX } from '../media-types.ts'
import type { Registry, RegistryContext } from './context.ts'

/** Referrers of one answer; clients follow the link to the next. */
const PAGE = 500

/** GET. A subject nobody knows has no referrers; that is no error. */
export function listReferrers(
  c: RegistryContext,
  { records }: Registry,
  { repository, digest }: { repository: string; digest: string },
): Response {
  const { artifactType, last } = c.req.query()
  const all = records
    .referrers(repository, digest)
    .filter((one) => artifactType === undefined || one.artifactType === artifactType)
    .filter((one) => last === undefined || one.digest > last)
  const page = all.slice(0, PAGE)
  if (page.length < all.length) {
    const next = new URLSearchParams({ ...(artifactType !== undefined && { artifactType }), last: page.at(-1)!.digest })
    c.header('Link', `</v2/${repository}/referrers/${digest}?${next}>; rel="next"`)
  }
  if (artifactType !== undefined) c.header('OCI-Filters-Applied', 'artifactType')
  const manifests = page.map((one) => ({
    mediaType: one.mediaType,
    digest: one.digest,
    size: one.size,
    ...(one.artifactType !== null && { artifactType: one.artifactType }),
    ...(one.annotations !== null && { annotations: one.annotations }),
  }))
  return c.body(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }), 200, {
    'Content-Type': OCI_INDEX,
  })
}
