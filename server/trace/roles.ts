// What a file is for in a boot, told by the name it is asked for.

export type FileRole = 'loader' | 'preamble' | 'script' | 'kernel' | 'initramfs' | 'ca' | 'kickstart' | 'other'

const ROLES: readonly (readonly [RegExp, FileRole])[] = [
  [/(^|\/)autoexec\.ipxe$/, 'preamble'],
  [/^\/boot\/ipxe$/, 'script'],
  // Under that name alone a GRUB is told how to ask for its machine's own.
  [/(^|\/)grub\/machine\/.*grub\.cfg$|(^|\/)grub\.cfg-[^/]*$/i, 'script'],
  [/(^|\/)grub\.cfg$/i, 'preamble'],
  [/(^|\/)vmlinuz[^/]*$/, 'kernel'],
  [/(^|\/)initrd[^/]*$/, 'initramfs'],
  [/(^|\/)ca\.pem$/, 'ca'],
  [/^\/i\/.*\/ks$/, 'kickstart'],
  [/\.(efi|kpxe|pxe|kkpxe|0)(\.signed)?$/i, 'loader'],
]

/** Of a path of the HTTP side, with or without query, or of a TFTP name. */
export function roleOf(path: string): FileRole {
  const [bare = ''] = path.split('?')
  return ROLES.find(([pattern]) => pattern.test(bare))?.[1] ?? 'other'
}

/** shim asks for these before its second stage; hardly anybody has them (netboot.md section 4.1). */
const OPTIONAL = /revocations_(sku|sbat)\.efi$|shim_certificate_\d+\.efi$/i

export function isOptional(path: string): boolean {
  return OPTIONAL.test(path)
}

/** `snponly.efi` of any path, URL or TFTP name. */
export function fileName(path: string): string {
  return path.split('?')[0]!.split(/[/\\]/).at(-1)!
}
