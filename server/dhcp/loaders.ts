/** The program that each kind of client runs first, by its name on TFTP and below /boot/loaders/. */
import type { LoaderChoice } from '../core/loader-choice.ts'
import type { Architecture } from './architecture.ts'
import type { Client } from './client.ts'

/** Folder of TFTP below which each processor has one for its U-Boots. */
export const U_BOOT = 'u-boot'

export type Platform = NonNullable<Architecture['platform']>

interface Row {
  platform: Platform
  /** Only for this kind of client. */
  client?: Client['kind']
  /** Only where this family was chosen. */
  family?: 'ipxe' | 'grub'
  file: string
}

/** Oddities come first: the first row that fits counts. */
const LOADERS: readonly Row[] = [
  // An iPXE that cannot fetch scripts by HTTP: UNDI on top of it is unreliable, and its drivers may lack what is needed.
  { platform: 'x86-bios', client: 'ipxe', file: 'ipxe.pxe' },
  { platform: 'x64-uefi', client: 'ipxe', family: 'ipxe', file: 'ipxe.efi' },
  // The folder of what U-Boot is told to boot is where it looks for its menu, and so says for which processor that shall be. By HTTP
  // it asks as UEFI does.
  { platform: 'arm64-uboot', client: 'u-boot', file: `${U_BOOT}/arm64/ipxe-arm64.efi` },
  // By the card's own driver, which just worked.
  { platform: 'x86-bios', file: 'undionly.kpxe' },
  { platform: 'x64-uefi', family: 'ipxe', file: 'snponly.efi' },
  // Asks for grubx64.efi beside it. In the root of TFTP, because GRUB loses the folder under proxyDHCP (netboot.md section 4.2).
  { platform: 'x64-uefi', family: 'grub', file: 'shimx64.efi' },
  { platform: 'arm64-uefi', family: 'ipxe', file: 'ipxe-arm64.efi' },
  { platform: 'arm64-uefi', family: 'grub', file: 'shimaa64.efi' },
  { platform: 'arm64-uboot', file: 'ipxe-arm64.efi' },
  // It never asks for what it is told, but for this and some dozen other names, below its serial number.
  { platform: 'raspberry-pi', file: 'config.txt' },
]

/** Platforms whose firmware knows Secure Boot: there the families differ. */
export function hasFamilies(platform: Platform): boolean {
  return platform.endsWith('-uefi')
}

/** The loader for a client; undefined when there is none for its platform. */
export function loaderFor(platform: Platform, client: Client['kind'], choice: LoaderChoice): string | undefined {
  if ('file' in choice) return choice.file
  return LOADERS.find(
    (row) =>
      row.platform === platform &&
      (row.client === undefined || row.client === client) &&
      (row.family === undefined || row.family === choice.family),
  )?.file
}
