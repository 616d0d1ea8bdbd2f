// Registries that images come from, as the configuration says how to reach them.
import { z } from 'zod'

const HOST = String.raw`(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?`
const PATH = String.raw`[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*`

export const UpstreamSetting = z
  .strictObject({
    registry: z.string().regex(new RegExp(`^${HOST}$`), 'must be host or host:port'),
    /** Tried in this order before the registry itself. */
    mirrors: z
      .array(z.string().regex(new RegExp(`^${HOST}(?:/${PATH})?$`), 'must be host:port, with a path if it needs one'))
      .default([]),
    /** Repositories below it are those of the registry, fetched when somebody asks. */
    prefix: z
      .string()
      .regex(new RegExp(`^${PATH}$`), 'must be the beginning of a repository name')
      .optional(),
    username: z.string().min(1).optional(),
    passwordFile: z.string().min(1).optional(),
    ca: z.string().min(1).optional(),
    proxy: z.url({ protocol: /^https?$/, error: 'must be a URL like http://proxy.example:3128' }).optional(),
    /** Where the registry's GPG signatures lie. */
    lookaside: z.url({ protocol: /^https?$/, error: 'must be a URL like https://sigs.example/lookaside' }).optional(),
    insecure: z.boolean().default(false),
  })
  .refine(({ username, passwordFile }) => (username === undefined) === (passwordFile === undefined), {
    error: 'username and passwordFile go together',
  })
export type UpstreamSetting = z.infer<typeof UpstreamSetting>
