// The configuration file of bootc-image-builder, every key of it: unknown ones are errors there and here
// (https://osbuild.org/docs/user-guide/blueprint-reference; osbuild/blueprint, pkg/blueprint).
import { z } from 'zod'
import { parseBytes } from '../contract/bytes.ts'
import { PartialSpec } from '../contract/spec.ts'

const text = z.string()
const names = z.array(z.string())
const wholeNumber = z.number().int().nonnegative()

/** Known to the format, of no use to what Landfall makes: only its presence is told. */
const anything = z.unknown()

/** Bytes as a number, or `10 GiB`. */
const size = z.union([wholeNumber, z.string()]).transform((value, context) => {
  const bytes = typeof value === 'number' ? value : parseBytes(value)
  if (bytes !== undefined) return bytes
  context.addIssue({ code: 'custom', message: 'must be bytes, or a number with kB, KiB, MB, MiB, GB, GiB, TB or TiB' })
  return z.NEVER
})

const absolutePath = z
  .string()
  .max(4096)
  .regex(/^\/[^\0\n]*$/, 'must be an absolute path')
  .refine((path) => !path.split('/').some((part) => part === '.' || part === '..'), 'must not hold . or ..')

/** Octal permissions, as a string (`"0644"`) so that nothing reads them as decimal. */
const mode = z.string().regex(/^[0-7]{3,4}$/, 'must be octal permissions in quotes, like "0644"')

/** By name, or by number. */
const owner = z.union([wholeNumber, z.string().regex(/^[a-z_][a-z0-9_-]{0,31}$/, 'must be a name or a number')])

const spec = PartialSpec.shape
const account = spec.users.unwrap().element.shape
const sshKeys = z
  .string()
  .transform((lines) =>
    lines
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '' && !line.startsWith('#')),
  )
  .pipe(account.sshKeys.unwrap())

/** Plain, or a hash of a kind that every image in the field can check. */
const password = z
  .string()
  .max(512)
  .regex(/^[^\n\0]*$/, 'must be one line')
  .refine((value) => !/^\$[0-9a-z]+\$/.test(value) || /^\$(6|y)\$[A-Za-z0-9./=,$]+$/.test(value), {
    message: 'is a hash of another kind: use one that begins with $6$ or $y$, or the plain password',
  })

const User = z.strictObject({
  name: account.name,
  description: account.comment,
  password: password.optional(),
  key: sshKeys.optional(),
  home: account.home,
  shell: account.shell,
  groups: account.groups.unwrap().optional(),
  uid: account.uid,
  gid: account.gid,
  expiredate: z.number().int().optional(),
  force_password_reset: z.boolean().optional(),
})
export type BlueprintUser = z.infer<typeof User>

const Filesystem = z
  .strictObject({ mountpoint: absolutePath, minsize: size.optional(), size: size.optional() })
  .refine(({ minsize, size: alias }) => (minsize === undefined) !== (alias === undefined), {
    path: ['minsize'],
    message: 'is needed, and only once (size is another name for it)',
  })
  .transform(({ mountpoint, minsize, size: alias }) => ({ mountpoint, minsize: minsize ?? alias ?? 0 }))

const mounted = { mountpoint: absolutePath.optional(), label: text.optional(), fs_type: text.optional() }

const Partition = z.strictObject({
  type: z.enum(['plain', 'lvm', 'btrfs']).default('plain'),
  minsize: size.optional(),
  part_type: text.optional(),
  part_label: text.optional(),
  part_uuid: text.optional(),
  ...mounted,
  name: text.optional(),
  logical_volumes: z.array(z.strictObject({ name: text.optional(), minsize: size.optional(), ...mounted })).optional(),
  subvolumes: z.array(z.strictObject({ name: text, mountpoint: absolutePath })).optional(),
})
export type BlueprintPartition = z.infer<typeof Partition>

const Disk = z.strictObject({
  type: z.enum(['gpt', 'dos']).optional(),
  minsize: size.optional(),
  start_offset: size.optional(),
  sector_size: wholeNumber.optional(),
  partitions: z.array(Partition).default([]),
})

const File = z.strictObject({
  path: absolutePath
    .refine((path) => /^\/(etc|root|usr\/local\/s?bin)\/[^/]/.test(path), {
      message: 'must lie below /etc, /root, /usr/local/bin or /usr/local/sbin',
    })
    .refine((path) => !/^\/etc\/(fstab|passwd|shadow|group)$/.test(path), {
      message: 'cannot be replaced: file systems, users and groups have keys of their own',
    }),
  user: owner.optional(),
  group: owner.optional(),
  mode: mode.optional(),
  data: text.optional(),
  uri: text.optional(),
})
export type BlueprintFile = z.infer<typeof File>

const Directory = z.strictObject({
  path: absolutePath.refine((path) => /^\/etc\/[^/]/.test(path), { message: 'must lie below /etc' }),
  user: owner.optional(),
  group: owner.optional(),
  mode: mode.optional(),
  ensure_parents: z.boolean().optional(),
})
export type BlueprintDirectory = z.infer<typeof Directory>

const Customizations = z
  .strictObject({
    hostname: spec.hostname.unwrap().optional(),
    kernel: z.strictObject({ name: text.optional(), append: text.optional() }).optional(),
    user: z.array(User).optional(),
    sshkey: z.array(z.strictObject({ user: account.name, key: sshKeys })).optional(),
    group: z.array(spec.groups.unwrap().element).optional(),
    timezone: z
      .strictObject({
        timezone: spec.timezone.unwrap().optional(),
        ntpservers: spec.timeServers.unwrap().optional(),
      })
      .optional(),
    locale: z
      .strictObject({
        languages: z.array(spec.language.unwrap()).optional(),
        keyboard: spec.keyboard.unwrap().optional(),
      })
      .optional(),
    firewall: z
      .strictObject({
        ports: names.optional(),
        services: z.strictObject({ enabled: names.optional(), disabled: names.optional() }).optional(),
        zones: z.array(z.strictObject({ name: text.optional(), sources: names.optional() })).optional(),
      })
      .optional(),
    services: spec.services.unwrap().optional(),
    filesystem: z.array(Filesystem).optional(),
    disk: Disk.optional(),
    files: z.array(File).optional(),
    directories: z.array(Directory).optional(),
    sshd: z
      .strictObject({
        password_authentication: z.boolean().optional(),
        client_alive_interval: wholeNumber.optional(),
        permit_root_login: z
          .union([z.boolean(), z.enum(['yes', 'no', 'prohibit-password', 'forced-commands-only'])])
          .optional(),
        kbd_interactive_authentication: z.boolean().optional(),
      })
      .optional(),
    installer: z
      .strictObject({
        unattended: z.boolean().optional(),
        'sudo-nopasswd': names.optional(),
        kickstart: z.strictObject({ contents: text }).optional(),
        modules: z.strictObject({ enable: names.optional(), disable: names.optional() }).optional(),
      })
      .optional(),
    iso: z
      .strictObject({
        volume_id: z
          .string()
          .regex(/^[\w-]+$/, 'must be letters, digits, _ and -')
          .optional(),
        application_id: text.optional(),
        publisher: text.optional(),
      })
      .optional(),
    ignition: z
      .strictObject({
        embedded: z.strictObject({ config: text }).optional(),
        firstboot: z.strictObject({ url: text }).optional(),
      })
      .optional(),
    fips: z.boolean().optional(),
    bootloader: z
      .strictObject({ grub2: z.strictObject({ 'menu-timeout': wholeNumber.optional() }).optional() })
      .optional(),
    payload: z
      .strictObject({ flatpaks: z.strictObject({ force: z.array(anything).optional() }).optional() })
      .optional(),
    installation_device: anything,
    partitioning_mode: anything,
    fdo: anything,
    openscap: anything,
    repositories: anything,
    rpm: anything,
    rhsm: anything,
    cacerts: anything,
    dnf: anything,
    firstboot: anything,
    'containers-storage': anything,
  })
  .partial()

const Package = z.strictObject({ name: text, version: text.optional() })

export const Blueprint = z
  .strictObject({
    name: text,
    description: text,
    version: text,
    distro: text,
    architecture: text,
    packages: z.array(Package),
    modules: z.array(Package),
    enabled_modules: z.array(z.strictObject({ name: text, stream: text.optional() })),
    groups: z.array(z.strictObject({ name: text })),
    containers: z.array(
      z.strictObject({
        source: text,
        name: text.optional(),
        'tls-verify': z.boolean().optional(),
        'local-storage': z.boolean().optional(),
      }),
    ),
    customizations: Customizations,
  })
  .partial()
export type Blueprint = z.infer<typeof Blueprint>
export type Customizations = NonNullable<Blueprint['customizations']>
