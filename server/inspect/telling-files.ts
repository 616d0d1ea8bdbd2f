// Files by which one can tell what an image is, by their names in it (`/usr/etc` being `/etc`).

/**
 * What is kept of such a file: its `text`, that it is there (`name`), whether GRUB in it can read boot entries (`grub`), or the packages that
 * a database lists.
 */
export type Telling = 'text' | 'name' | 'grub' | 'rpm' | 'dpkg'

/** Longer ones are not what they seem. */
export const MAX_TELLING_BYTES: Record<Telling, number> = {
  text: 64 * 1024,
  name: 0,
  grub: 16 * 2 ** 20,
  rpm: 512 * 2 ** 20,
  dpkg: 32 * 2 ** 20,
}

const PATTERNS: readonly [RegExp, Telling][] = [
  [/^(usr\/lib|etc)\/os-release$/, 'text'],
  [/^usr\/lib\/bootc\/(kargs\.d|install)\/[^/]+\.toml$/, 'text'],
  [/^(usr\/lib|etc)\/ostree\/prepare-root\.conf$/, 'text'],
  [/^usr\/lib\/bootupd\/updates\/(EFI|BIOS)\.json$/, 'text'],
  [/^etc\/selinux\/config$/, 'text'],
  [/^etc\/selinux\/[^/]+\/policy\/policy\.\d+$/, 'name'],
  [/^usr\/lib\/modules\/[^/]+\/(vmlinuz|initramfs\.img|[^/]+\.efi)$/, 'name'],
  [/^boot\/EFI\/Linux\/[^/]+\.efi$/, 'name'],
  [/^(usr\/)?s?bin\/(bootc|ostree|bootupctl|grub2?-install|systemctl)$/, 'name'],
  [/^usr\/lib\/(bootupd\/updates|efi\/[^/]+\/[^/]+)\/EFI\/.+\.efi$/i, 'name'],
  [/^usr\/lib\/shim\/shim[a-z0-9]+\.efi\.signed$/, 'name'],
  [/^usr\/lib\/grub\/[^/]+-efi-signed\/grub[a-z0-9]+\.efi\.signed$/, 'grub'],
  [/^usr\/lib\/grub\/[^/]+\/normal\.mod$/, 'name'],
  [/^usr\/lib\/systemd\/boot\/efi\/systemd-boot[a-z0-9]+\.efi(\.signed)?$/, 'name'],
  [/^(usr\/lib\/sysimage\/rpm|usr\/share\/rpm|var\/lib\/rpm)\/rpmdb\.sqlite$/, 'rpm'],
  [/^var\/lib\/dpkg\/status$/, 'dpkg'],
]

/** All of them lie below one of these. */
const PLACES = /^((usr\/)?s?bin|usr\/(lib|share)|etc|boot|var\/lib)\//

/** What to keep of the file of this name; undefined for most. */
export function tellingOf(path: string): Telling | undefined {
  return PLACES.test(path) ? PATTERNS.find(([pattern]) => pattern.test(path))?.[1] : undefined
}

/** Whether taking away this file or folder can take away one of them. */
export function mayHoldTelling(path: string): boolean {
  return (
    tellingOf(path) !== undefined ||
    FOLDERS.some((folder) => `${path}/`.startsWith(folder) || folder.startsWith(`${path}/`))
  )
}

const FOLDERS = [
  'usr/lib/bootc/',
  'usr/lib/ostree/',
  'usr/lib/bootupd/',
  'usr/lib/modules/',
  'usr/lib/efi/',
  'usr/lib/shim/',
  'usr/lib/grub/',
  'usr/lib/systemd/boot/',
  'usr/lib/sysimage/rpm/',
  'usr/share/rpm/',
  'usr/bin/',
  'usr/sbin/',
  'etc/selinux/',
  'etc/ostree/',
  'boot/EFI/',
  'var/lib/rpm/',
  'var/lib/dpkg/',
]
