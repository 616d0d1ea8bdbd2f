// The file by which a server lets the command line of its own machine in.
import { z } from 'zod'

/** Below the data folder, mode 0600. */
export const LOCAL_ACCESS_FILE = 'local-access.json'

export const LocalAccess = z.strictObject({
  /** `https://127.0.0.1:8443`, no slash at the end. */
  url: z.url(),
  /** An API token. */
  token: z.string(),
  /** Certificate to trust, PEM. */
  ca: z.string(),
})
export type LocalAccess = z.infer<typeof LocalAccess>
