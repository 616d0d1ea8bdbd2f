// An ISO of Anaconda with a kickstart inside, and an image if it shall need no network: everything else of it stays as it was signed.
import { copyFile, mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { SOURCE_DATE_EPOCH } from '../debian/root.ts'
import { unattendedGrubMenu, unattendedIsolinuxMenu } from './anaconda-menu.ts'
import type { UnattendedEntry } from './anaconda-menu.ts'
import type { AnacondaIso } from './anaconda-iso.ts'
import { assembleIso } from './assemble.ts'
import type { Assembling } from './assemble.ts'
import { IsoError } from './error.ts'
import type { IsoImage } from './image.ts'
import type { IsoKit } from './kit.ts'
import { tool } from './tool.ts'
import { imageLayoutTexts, uniqueBlobs } from './tree.ts'
import { requireSpace } from './write.ts'
import type { WrittenIso } from './write.ts'

/** Where Anaconda finds what is on its medium. */
export const MEDIUM_ROOT = '/run/install/repo'
/** Folder of the image, an OCI layout, on the ISO; bootc-image-builder has it there too. */
export const CONTAINER = 'container'
const KICKSTART = 'landfall.ks'
const ESP_IMAGE = 'images/efiboot.img'
const ESP_TYPE = 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B'

/** Menus by path: GRUB on UEFI, GRUB on BIOS, ISOLINUX. */
const MENUS: readonly { path: string; edit: (menu: string, entry: UnattendedEntry) => string | undefined }[] = [
  { path: 'EFI/BOOT/grub.cfg', edit: unattendedGrubMenu },
  { path: 'EFI/BOOT/BOOT.conf', edit: unattendedGrubMenu },
  { path: 'boot/grub2/grub.cfg', edit: unattendedGrubMenu },
  { path: 'boot/grub/grub.cfg', edit: unattendedGrubMenu },
  { path: 'isolinux/isolinux.cfg', edit: unattendedIsolinuxMenu },
]

/** What remastering has to look at. */
export const REMASTERED_FILES: readonly string[] = [...MENUS.map(({ path }) => path), ESP_IMAGE]

export interface Remastering {
  /** The distribution's ISO, opened with {@link REMASTERED_FILES}; it is only read. */
  iso: AnacondaIso
  kickstart: string
  /** The entry's title and what it waits for; the kickstart's argument is added. */
  entry: UnattendedEntry
  /** Put on the ISO, for installing without a network. */
  image?: IsoImage
}

/**
 * Writes the ISO to `output`, which appears whole or not at all; `folder` is an empty one on the same file system. The same input gives the same
 * bytes. Throws IsoError.
 */
export async function remasterIso(
  { iso, kickstart, entry, image }: Remastering,
  output: string,
  folder: string,
  assembling: Assembling,
): Promise<WrittenIso> {
  const { kit, signal } = assembling
  const { label, path: source } = iso
  const blobs = image ? uniqueBlobs([image]) : []
  const totalBytes = [...blobs, await stat(source)].reduce((sum, { size }) => sum + size, 0)
  await requireSpace(output, totalBytes)
  const ks = `inst.ks=hd:LABEL=${label}:/${KICKSTART}`
  const changed = { ...entry, arguments: [ks, ...entry.arguments] }
  const files = new Map<string, string>()
  for (const { path, edit } of MENUS) {
    const file = iso.files.get(path)
    const menu = file === undefined ? undefined : edit(await readFile(file, 'utf8'), changed)
    if (menu !== undefined) files.set(path, await writeText(join(folder, 'after', path), menu))
  }
  if (files.size === 0) {
    throw new IsoError('INPUT_INVALID', `${source} has no boot menu that an entry could be added to`, {
      hint: 'take the boot or DVD ISO of Fedora, RHEL or one of its rebuilds',
    })
  }
  // Without this one, a stick started by UEFI would show the old menu.
  const original = iso.files.get(ESP_IMAGE)
  const esp = original === undefined ? undefined : await espWithMenus(kit, original, files, folder)
  if (esp !== undefined) files.set(ESP_IMAGE, esp)
  files.set(KICKSTART, await writeText(join(folder, 'after', KICKSTART), kickstart))
  for (const [path, text] of Object.entries(image ? imageLayoutTexts([image]) : {})) {
    files.set(`${CONTAINER}/${path}`, await writeText(join(folder, 'after', CONTAINER, path), text))
  }
  for (const { digest, file } of blobs) files.set(`${CONTAINER}/blobs/${digest.replace(':', '/')}`, file)

  const made = join(folder, basename(output))
  const date = `=${process.env['SOURCE_DATE_EPOCH'] || SOURCE_DATE_EPOCH}`
  const args = [
    ['-no_rc', '-indev', `stdio:${source}`, '-outdev', `stdio:${made}`],
    // Level 3: files of 4 GiB and more. The emulated table of contents would be written last, at the front; the disk is our own concern.
    ['-compliance', 'iso_9660_level=3:no_emul_toc', '-stdio_sync', 'off', '-boot_image', 'any', 'replay'],
    ...(esp === undefined ? [] : [['-append_partition', '2', ESP_TYPE, esp]]),
    ...[...files].map(([path, file]) => ['-map', file, `/${path}`]),
    ['-volume_date', 'all_file_dates', date, '-volume_date', 'm', date],
  ].flat()
  await assembleIso({ path: made, xorriso: () => Promise.resolve(args), blobs, totalBytes }, assembling)
  signal?.throwIfAborted()
  const { size: bytes } = await stat(made)
  await rename(made, output)
  return { label, bytes }
}

async function espWithMenus(
  kit: IsoKit,
  original: string,
  files: ReadonlyMap<string, string>,
  folder: string,
): Promise<string> {
  const image = join(folder, 'efiboot.img')
  await copyFile(original, image)
  const options = {
    env: { MTOOLSRC: '/dev/null', MTOOLS_SKIP_CHECK: '1', SOURCE_DATE_EPOCH: String(SOURCE_DATE_EPOCH) },
  }
  for (const path of ['EFI/BOOT/grub.cfg', 'EFI/BOOT/BOOT.conf']) {
    const menu = files.get(path)
    if (menu !== undefined) await tool(() => kit.run('mcopy', ['-o', '-i', image, menu, `::/${path}`], options))
  }
  return image
}

async function writeText(path: string, text: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
  return path
}
