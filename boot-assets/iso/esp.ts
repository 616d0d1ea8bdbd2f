// The EFI system partition of an ISO: a FAT image with the signed loaders and the boot menu, made without root.
import { copyFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { IsoFile } from './layout.ts'

/** Runs a part of mtools. */
export type Mtools = (
  program: 'mformat' | 'mmd' | 'mcopy',
  args: readonly string[],
  options: { env: Record<string, string> },
) => Promise<string>

/** Where the GRUB for CDs looks for its menu on what it was loaded from, and where people look for it. */
const MENUS = ['/boot/grub/grub.cfg', '/EFI/BOOT/grub.cfg']
const FOLDERS = ['/EFI', '/EFI/BOOT', '/boot', '/boot/grub']

const MIB = 2 ** 20
/** FAT itself, folders, the menu, and files rounded up to clusters. */
const OVERHEAD = MIB
const SECTOR_BYTES = 512

/**
 * Makes `image`, with the loaders and without a menu. The same loaders give the same bytes: `date`, seconds since 1970, is the
 * time of all, and the volume's serial number is fixed.
 */
export async function makeEsp(mtools: Mtools, loaders: readonly IsoFile[], image: string, date: number): Promise<void> {
  const sizes = await Promise.all(loaders.map(async ({ source }) => (await stat(source)).size))
  const bytes = Math.ceil((sizes.reduce((sum, size) => sum + size, 0) + OVERHEAD) / MIB) * MIB
  await writeFile(image, Buffer.alloc(bytes))
  const geometry = ['-T', String(bytes / SECTOR_BYTES), '-h', '64', '-s', '32']
  await mtools('mformat', ['-i', image, ...geometry, '-N', '4C46444C', '-v', 'LANDFALL', '::'], dated(date))
  await mtools('mmd', ['-i', image, ...FOLDERS.map((name) => `::${name}`)], dated(date))
  for (const { path, source } of loaders) await mtools('mcopy', ['-i', image, source, `::${path}`], dated(date))
}

/** Copies the image `from` into `folder`, puts the menu where GRUB looks for it, and resolves with the path of the copy. */
export async function espWithMenu(
  mtools: Mtools,
  { from, menu, folder, date }: { from: string; menu: string; folder: string; date: number },
): Promise<string> {
  const image = join(folder, 'esp.img')
  await copyFile(from, image)
  for (const path of MENUS) await mtools('mcopy', ['-i', image, menu, `::${path}`], dated(date))
  return image
}

function dated(date: number): { env: Record<string, string> } {
  return { env: { SOURCE_DATE_EPOCH: String(date), MTOOLSRC: '/dev/null', MTOOLS_SKIP_CHECK: '1' } }
}
