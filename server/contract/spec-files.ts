// Files that a machine is given besides its image, without the image being built again.
import { z } from 'zod'
import { AccountName } from './common.ts'

const KIB = 2 ** 10

/** Of one file, and of all files of a spec: a request to the API holds them all. */
const MAX_FILE = 256 * KIB
const MAX_ALL = 512 * KIB
const MAX_FILES = 128

/**
 * In an image-based system only /etc and /var are the machine's own. The others are links into /var in most images, and refused during
 * the install where they are not: what lies in /usr would be gone with the next update.
 */
const WRITABLE = /^\/(etc|var|usr\/local|opt|srv|home|root)(\/[^/\p{Cc}]+)+$/u

/** Written by what else a spec says, and by the system itself. */
const RESERVED = /^\/etc\/(passwd|shadow|group|gshadow|subuid|subgid|fstab|crypttab|machine-id)$/

const FilePath = z
  .string()
  .max(1024)
  .regex(WRITABLE, 'must be a file below /etc, /var, /usr/local, /opt, /srv, /home or /root: the rest is the image’s')
  .refine((path) => !path.split('/').some((name) => name === '.' || name === '..'), 'must not hold . or ..')
  .refine((path) => !RESERVED.test(path), 'belongs to the system: accounts, disks and the machine id are no files')

const FileSpec = z
  .strictObject({
    path: FilePath,
    /** Shown to nobody where `secret` is set. */
    content: z.string().max(2 * MAX_FILE),
    /** How `content` is written: as it is, or in Base64 where it is no text. */
    encoding: z.enum(['text', 'base64']).default('text'),
    /** Octal. */
    mode: z
      .string()
      .regex(/^0?[0-7]{3,4}$/, 'must be an octal mode, like 0644')
      .default('0644'),
    /** A user and a group of the image or of the spec. */
    user: AccountName.default('root'),
    group: AccountName.default('root'),
    /** The content is shown to nobody. */
    secret: z.boolean().default(false),
  })
  .refine(({ content, encoding }) => encoding === 'text' || /^(\*{8}|[A-Za-z0-9+/\s]*={0,2}\s*)$/.test(content), {
    path: ['content'],
    message: 'must be Base64',
  })
  .refine((file) => byteLength(file) <= MAX_FILE, {
    path: ['content'],
    message: `is larger than ${MAX_FILE / KIB} KiB: larger files belong into the image`,
  })
export type FileSpec = z.infer<typeof FileSpec>

export const FileList = z
  .array(FileSpec)
  .max(MAX_FILES)
  .refine((files) => new Set(files.map(({ path }) => path)).size === files.length, 'has the same path twice')
  .refine(
    (files) => files.reduce((sum, file) => sum + byteLength(file), 0) <= MAX_ALL,
    `are larger than ${MAX_ALL / KIB} KiB together: larger files belong into the image`,
  )

function byteLength({ content, encoding }: { content: string; encoding: 'text' | 'base64' }): number {
  if (encoding === 'text') return new TextEncoder().encode(content).length
  return Math.floor((content.replaceAll(/[\s=]/g, '').length * 3) / 4)
}
