// Offline bundles: what a bundle holds besides an OCI image layout, and what an export is asked for.
import { z } from 'zod'

/** File of a bundle with policies of trust, a JSON array of TrustPolicy: for whoever runs the site to read, never applied by an import. */
export const BUNDLE_POLICIES = 'landfall-trust.json'

/** Tells how many bytes the files of an export have. */
export const BUNDLE_BYTES_HEADER = 'Landfall-Bundle-Bytes'

const Reference = z.string().min(1).max(1000)

/** GET /api/v1/bundles/export */
export const BundleQuery = z.strictObject({
  image: z
    .union([Reference, z.array(Reference).max(1000)])
    .optional()
    .describe('repository:tag or repository@digest, again for more; by default every image with a tag'),
  policies: z.stringbool().default(false).describe('also the policies of trust of the configuration'),
})
