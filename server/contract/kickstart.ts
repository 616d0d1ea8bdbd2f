// A kickstart as people see it: secrets masked, and without a token that could be used.
import { z } from 'zod'
import { KickstartRelease } from './kickstart-release.ts'

export const RenderedKickstart = z
  .object({
    release: KickstartRelease,
    text: z.string(),
    /** What `%pre` fetches over TLS because it holds secrets: `storage.ks`, `accounts.ks`, `auth.json`. */
    files: z.array(z.object({ name: z.string(), text: z.string() })),
  })
  .meta({ id: 'RenderedKickstart' })
export type RenderedKickstart = z.infer<typeof RenderedKickstart>

export const KickstartPreview = z
  .object({
    /** Of what is wanted of the machine now. */
    wanted: RenderedKickstart,
    /** Of the newest install, if Anaconda was to do it. */
    assigned: RenderedKickstart.nullable(),
  })
  .meta({ id: 'KickstartPreview' })
export type KickstartPreview = z.infer<typeof KickstartPreview>
