// How an ISO is laid out: a tree of files, and around it what makes firmware start it from a CD and from a stick.

/** Where a file of the ISO comes from. */
export interface IsoFile {
  /** Absolute path on the ISO. */
  path: string
  /** File of this host. */
  source: string
}

export interface IsoLayout {
  /** Volume id. */
  label: string
  /** Identifies the ISO as a disk. */
  guid: string
  /** Everything inside is dated so, seconds since 1970. */
  date: number
  files: readonly IsoFile[]
  /** FAT image of the EFI system partition. */
  esp: string
  /** MBR code that starts the ISO from a stick on a BIOS. */
  hybridMbr: string
}

/** The El Torito image for BIOS, on the ISO. */
export const ELTORITO = '/boot/grub/eltorito.img'

/** GPT type GUID of an EFI system partition, and the one that partition 1, the ISO 9660 range, gets. */
const ESP_TYPE = 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B'
const DATA_TYPE = 'EBD0A0A2-B9E5-4433-87C0-68B6B72699C7'

/**
 * Arguments of `xorriso` that write the ISO to `output`; `pathList` is a file with the text of {@link pathListText}. The result is at the
 * same time a CD with El Torito entries for BIOS and UEFI, and a disk with a protective MBR and a GPT: ISO 9660 first, ESP
 * behind it, without which a stick does not start under UEFI.
 */
export function xorrisoArguments({ label, guid, date, esp, hybridMbr }: IsoLayout, pathList: string, output: string) {
  return [
    ['-as', 'mkisofs', '-o', output],
    // Level 3: files of 4 GiB and more.
    ['-R', '-iso-level', '3', '-V', label, '-uid', '0', '-gid', '0', '-dir-mode', '0555', '-file-mode', '0444'],
    [`--modification-date=${isoDate(date)}`, '--set_all_file_dates', `=${date}`, '--gpt_disk_guid', guid],
    // 16 blocks in front of partition 1, so that it is a file system of its own: Linux mounts disk and partition alike.
    ['--grub2-mbr', hybridMbr, '-partition_offset', '16', '-appended_part_as_gpt', '-iso_mbr_part_type', DATA_TYPE],
    ['-append_partition', '2', ESP_TYPE, esp],
    ['-c', '/boot/boot.cat', '--boot-catalog-hide'],
    ['-b', ELTORITO, '-no-emul-boot', '-boot-load-size', '4', '-boot-info-table', '--grub2-boot-info'],
    ['-eltorito-alt-boot', '-e', '--interval:appended_partition_2:all::', '-no-emul-boot'],
    ['-graft-points', '-path-list', pathList],
  ].flat()
}

/** One `/path/on/the/iso=/path/of/the/source` per file, in the order of the paths. */
export function pathListText(files: readonly IsoFile[]): string {
  const lines = files
    .toSorted((one, two) => (one.path < two.path ? -1 : 1))
    .map(({ path, source }) => `${graftWord(path)}=${graftWord(source)}\n`)
  return lines.join('')
}

/** In graft points `=` separates, and a backslash takes that meaning away. */
function graftWord(path: string): string {
  if (/[\n\r]/.test(path)) throw new RangeError(`path ${JSON.stringify(path)} holds a line break`)
  return path.replace(/[\\=]/g, '\\$&')
}

/** `2025080900000000`: to hundredths of a second, in UTC. */
function isoDate(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().replace(/[-:T]/g, '').slice(0, 14)}00`
}
