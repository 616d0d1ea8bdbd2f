// What a person wants of a machine. Profiles and machines hold partial specs; merging them gives the spec of an install.
import { z } from 'zod'
import { AccountName, Hostname } from './common.ts'
import { KickstartRelease } from './kickstart-release.ts'
import { DiskLayout, diskLayoutFields } from './spec-disks.ts'
import { FileList } from './spec-files.ts'
import { Connections } from './spec-network.ts'
import { CloudInit, hookFields, Ignition, SystemdCredentials } from './spec-provisioning.ts'

/** One OpenSSH public key in authorized_keys form. */
const SshKey = z
  .string()
  .trim()
  .regex(/^(sk-)?(ssh|ecdsa)-[a-z0-9@.-]+ [A-Za-z0-9+/=]+( [^\n\r]*)?$/, 'must be one OpenSSH public key on one line')

/** Shown in place of each secret; sent back, it means "as it is". */
export const SECRET_MASK = '********'

/** crypt(3) with SHA-512 or yescrypt: what `mkpasswd` and `openssl passwd -6` print. A secret. */
const PasswordHash = z
  .string()
  .regex(
    /^(\*{8}|\$(6|y)\$[A-Za-z0-9./=,$]+)$/,
    'must be a crypt hash that begins with $6$ or $y$, as `mkpasswd` prints it',
  )

/** Of a user or group that is made; 0 is root's, and the two that mean "none" to the kernel are nobody's. */
const AccountId = z
  .number()
  .int()
  .min(1)
  .max(2 ** 32 - 2)
  .refine((id) => id !== 2 ** 16 - 1, 'is no id for an account')

/** A path that lines of passwd(5), sysusers.d(5) and tmpfiles.d(5) hold as it is. */
const AccountPath = z
  .string()
  .max(255)
  .regex(/^(\/[A-Za-z0-9_][A-Za-z0-9._-]*)+$/, 'must be an absolute path of letters, digits, dots, hyphens and _')

const UserSpec = z.strictObject({
  name: AccountName,
  sshKeys: z.array(SshKey).default([]),
  groups: z.array(AccountName).default([]),
  password: PasswordHash.optional(),
  uid: AccountId.optional(),
  /** Of the user's own group; a group of that id, or one named after the user. */
  gid: AccountId.optional(),
  /** Whom the account is for. */
  comment: z
    .string()
    .max(255)
    .regex(/^[^:\p{Cc}\p{Zl}\p{Zp}]*$/u, 'must be one line without a colon')
    .optional(),
  home: AccountPath.optional(),
  shell: AccountPath.optional(),
  /** May do everything as root, with the own password or without one. */
  sudo: z.enum(['password', 'nopasswd']).optional(),
})
export type UserSpec = z.infer<typeof UserSpec>

const GroupSpec = z.strictObject({ name: AccountName, gid: AccountId.optional() })

/** One kernel argument, without blanks or control characters. */
export const KernelArgument = z.string().regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without blanks')

const Console = z.string().regex(/^[A-Za-z0-9,]+$/)
const UnitName = z.string().regex(/^[A-Za-z0-9:_.@\\-]{1,255}$/, 'must be the name of a systemd unit')

/** `registry.example`, `registry.example:5000` or, where a login is for a part of it only, `registry.example/team`. */
const RegistryName = z.string().regex(/^[A-Za-z0-9.-]+(:\d{1,5})?$/, 'must be host or host:port')
const RegistryPath = z
  .string()
  .regex(/^[A-Za-z0-9.-]+(:\d{1,5})?(\/[a-z0-9._/-]+)?$/, 'must be host, host:port or host:port/namespace')

const registryFields = {
  /** Logins; the passwords are secrets. */
  credentials: z.array(
    z.strictObject({ registry: RegistryPath, username: z.string().min(1), password: z.string().min(1) }),
  ),
  /** Certificate authorities of registries, PEM. Landfall's own is known without being named. */
  certificates: z.array(
    z.strictObject({
      registry: RegistryName,
      pem: z
        .string()
        .max(100_000)
        .regex(
          /^\s*-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----\s*$/,
          'must be certificates in PEM form',
        ),
    }),
  ),
  /** Registries that speak plain HTTP, or TLS with a certificate nobody can check. */
  insecure: z.array(RegistryName),
  /** Where images of a registry are looked for first; the registry itself comes last. */
  mirrors: z.array(z.strictObject({ registry: RegistryPath, mirror: RegistryPath })),
}

/** `http://cache.example:5000`, or with the beginning of repository names there: `https://registry.example/mirrors`. */
const LayerCache = z
  .url({ protocol: /^https?$/, error: 'must be a URL like http://cache.example:5000' })
  .max(500)
  .refine((url) => {
    const { username, search, hash } = new URL(url)
    return username + search + hash === ''
  }, 'must hold no password, query or fragment')

const firewallFields = {
  /** `image` leaves the firewall as the image has it. */
  mode: z.enum(['image', 'enabled', 'disabled']),
  services: z.array(z.string().regex(/^[A-Za-z0-9_-]+$/)),
  /** `8080:tcp` */
  ports: z.array(z.string().regex(/^\d{1,5}:(tcp|udp)$/, 'must be like 8080:tcp')),
}

const bootFields = {
  /** What it loads first: iPXE, shim and GRUB, or a file among the loaders. `auto` finds out (docs/decisions/0008-which-loader.md). */
  loader: z
    .string()
    .regex(
      /^(auto|ipxe|grub|[A-Za-z0-9][A-Za-z0-9_-]{0,62}\.[a-z0-9]{1,8})$/,
      'must be auto, ipxe, grub, or the name of a file below /boot/loaders/',
    ),
}

const serviceFields = { enabled: z.array(UnitName), disabled: z.array(UnitName), masked: z.array(UnitName) }

const kickstartFields = {
  /** A template of `templates/kickstart`, the server's own or one of the site. */
  template: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be the name of a kickstart template'),
  /** Written for this release; by default for that of the media. */
  release: KickstartRelease,
  /** Scripts of the site: bash, in the installer before it looks at the disks; and in the installed system at the end. */
  pre: z.string().max(1_000_000),
  post: z.string().max(1_000_000),
  /** For templates of the site, as `site.<name>`. */
  variables: z.record(z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,62}$/), z.string().max(10_000)),
}

/** All values, none of them with a default. */
const fields = {
  /** `repository:tag` or `repository@sha256:...` as known to this Landfall. */
  image: z.string().min(1),
  /** What does the work: Landfall's agent, or Anaconda of a boot medium by a kickstart. */
  installer: z.enum(['agent', 'anaconda']),
  /** How the image gets onto the disk. For Anaconda `ostree` is the command ostreecontainer and `bootc` the command of that name. */
  engine: z.enum(['auto', 'ostree', 'bootc']),
  /** Boot medium that Anaconda is started from: an id of `landfall media list`. */
  media: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,127}$/, 'must be the id of a boot medium'),
  hostname: Hostname,
  rootPassword: PasswordHash,
  rootSshKeys: z.array(SshKey),
  users: z.array(UserSpec),
  /** Besides those of the image. */
  groups: z.array(GroupSpec),
  kernelArguments: z.array(KernelArgument),
  /** Other registries and HTTP caches that Landfall's agent asks for layers first; what they send is held against its digest. */
  layerCaches: z.array(LayerCache).max(16),
  /** Values for `console=`, the last becomes /dev/console: `tty0`, `ttyS0,115200`. */
  consoles: z.array(Console),
  network: Connections,
  timezone: z.string().regex(/^[A-Za-z0-9_+-]+(\/[A-Za-z0-9_+-]+)*$/, 'must be the name of a time zone, like Etc/UTC'),
  timeServers: z.array(Hostname),
  language: z
    .string()
    .regex(/^[A-Za-z]{2,3}(_[A-Z]{2})?(\.[A-Za-z0-9-]+)?(@[a-z]+)?$/, 'must be a locale, like en_US.UTF-8'),
  keyboard: z.string().regex(/^[A-Za-z0-9_()-]{1,40}$/, 'must be a keyboard layout, like us'),
  selinux: z.enum(['image', 'enforcing', 'permissive', 'disabled']),
  files: FileList,
  cloudInit: CloudInit,
  ignition: Ignition,
  systemdCredentials: SystemdCredentials,
  /** `kexec` starts the installed system at once, without the machine's firmware; where that is forbidden, the machine reboots. */
  finish: z.enum(['reboot', 'poweroff', 'kexec']),
}

export const MachineSpec = z
  .strictObject({
    image: fields.image.optional(),
    installer: fields.installer.default('agent'),
    engine: fields.engine.default('auto'),
    media: fields.media.optional(),
    boot: z.strictObject({ loader: bootFields.loader.default('auto') }).prefault({}),
    disks: DiskLayout.prefault({}),
    hostname: fields.hostname.optional(),
    rootPassword: fields.rootPassword.optional(),
    rootSshKeys: fields.rootSshKeys.default([]),
    users: fields.users.default([]),
    groups: fields.groups.default([]),
    kernelArguments: fields.kernelArguments.default([]),
    layerCaches: fields.layerCaches.default([]),
    consoles: fields.consoles.default(['tty0', 'ttyS0,115200']),
    network: fields.network.default([]),
    timezone: fields.timezone.optional(),
    timeServers: fields.timeServers.default([]),
    language: fields.language.optional(),
    keyboard: fields.keyboard.optional(),
    selinux: fields.selinux.default('image'),
    firewall: z
      .strictObject({
        mode: firewallFields.mode.default('image'),
        services: firewallFields.services.default([]),
        ports: firewallFields.ports.default([]),
      })
      .prefault({}),
    services: z
      .strictObject({
        enabled: serviceFields.enabled.default([]),
        disabled: serviceFields.disabled.default([]),
        masked: serviceFields.masked.default([]),
      })
      .prefault({}),
    registry: z
      .strictObject({
        credentials: registryFields.credentials.default([]),
        certificates: registryFields.certificates.default([]),
        insecure: registryFields.insecure.default([]),
        mirrors: registryFields.mirrors.default([]),
      })
      .prefault({}),
    kickstart: z
      .strictObject({
        template: kickstartFields.template.default('image-mode'),
        release: kickstartFields.release.optional(),
        pre: kickstartFields.pre.optional(),
        post: kickstartFields.post.optional(),
        variables: kickstartFields.variables.default({}),
      })
      .prefault({}),
    files: fields.files.default([]),
    cloudInit: fields.cloudInit.optional(),
    ignition: fields.ignition.optional(),
    systemdCredentials: fields.systemdCredentials.default([]),
    hooks: z
      .strictObject({ webhook: hookFields.webhook.optional(), script: hookFields.script.optional() })
      .prefault({}),
    finish: fields.finish.default('reboot'),
  })
  .meta({ id: 'MachineSpec' })
export type MachineSpec = z.infer<typeof MachineSpec>

/** A spec in which everything may be absent: what profiles and machines store. No defaults are filled in. */
export const PartialSpec = z
  .strictObject({
    ...fields,
    boot: z.strictObject(bootFields).partial(),
    disks: z.strictObject(diskLayoutFields).partial(),
    firewall: z.strictObject(firewallFields).partial(),
    services: z.strictObject(serviceFields).partial(),
    registry: z.strictObject(registryFields).partial(),
    kickstart: z.strictObject(kickstartFields).partial(),
    hooks: z.strictObject(hookFields).partial(),
  })
  .partial()
  .meta({ id: 'PartialSpec' })
export type PartialSpec = z.infer<typeof PartialSpec>

/** Values that are merged one by one; every other is taken from one place as a whole. */
export const SPEC_GROUPS = ['boot', 'disks', 'firewall', 'services', 'registry', 'kickstart', 'hooks'] as const

/** Where each value of a merged spec came from: dotted path to `machine`, `default` or `profile:<name>`. */
export const SpecOrigins = z.record(z.string(), z.string())
export type SpecOrigins = z.infer<typeof SpecOrigins>
