// The distributions whose Anaconda Landfall writes kickstarts for.
import { z } from 'zod'

/** Named as pykickstart names its handlers. RHEL stands for its rebuilds and CentOS Stream too. */
export const KickstartRelease = z.enum(['RHEL9', 'RHEL10', 'F41', 'F42', 'F43', 'F44', 'F45'])
export type KickstartRelease = z.infer<typeof KickstartRelease>
