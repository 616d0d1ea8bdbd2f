// What the scripts of a kickstart tell the server, and what they are told. HTTPS with the CA pinned, `Authorization: Bearer <install token>`.
import { z } from 'zod'

/** Where an installation by Anaconda is. */
export const AnacondaStage = z.enum([
  /** `%pre` runs. */
  'started',
  /** `%pre-install`: the disks are partitioned and mounted, the image comes next. */
  'partitioned',
  /** A sign of life, with what Anaconda is doing. */
  'working',
  /** The image is on the disk and boots. */
  'deployed',
  /** The last `%post` has run. */
  'installed',
  /** `%onerror`, or a script that gave up. */
  'failed',
])
export type AnacondaStage = z.infer<typeof AnacondaStage>

/** POST /anaconda/v1/stages; telling a stage again does no harm. */
export const StageRequest = z.strictObject({ stage: AnacondaStage, message: z.string().max(4096).default('') })
export type StageRequest = z.infer<typeof StageRequest>
