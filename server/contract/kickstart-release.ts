// Releases of Anaconda's kickstart language that Landfall writes.
import { z } from 'zod'

/** pykickstart's names of them. */
export const KickstartRelease = z.enum(['RHEL9', 'RHEL10', 'F41', 'F42', 'F43', 'F44', 'F45'])
export type KickstartRelease = z.infer<typeof KickstartRelease>
