// How to make each file system so that kernels and boot loaders of images in the field can read it.
import type { PlannedFilesystem } from '../../../server/contract/plan.ts'

/** Smaller than this, FAT32 has too few clusters of 4096 bytes; mkfs.vfat then picks FAT16 by itself. */
const MIN_FAT32_4K = 260 * 2 ** 20

/** Program and arguments. The tools of the installer are newer than many images: what those could not read is off. */
export function mkfsCommand(
  { filesystem, label, uuid, size, mounts }: PlannedFilesystem,
  device: string,
  logicalBlockSize: number,
): [string, ...string[]] {
  switch (filesystem) {
    case 'vfat': {
      const fat32 = logicalBlockSize < 4096 || size >= MIN_FAT32_4K
      return ['mkfs.vfat', ...(fat32 ? ['-F', '32'] : []), '-n', label, '-i', uuid.replace('-', ''), device]
    }
    case 'ext4': {
      // e2fsck before 1.47 refuses orphan_file; GRUB 2.06 refuses metadata_csum_seed. fs-verity is for composefs.
      const unread = '^orphan_file,^metadata_csum_seed'
      const features = mounts.some(({ mountPoint }) => mountPoint === '/') ? `verity,${unread}` : unread
      return ['mkfs.ext4', '-q', '-F', '-L', label, '-U', uuid, '-O', features, device]
    }
    case 'xfs':
      // Large extent counters need Linux 5.19; images with older kernels could not mount the root.
      return ['mkfs.xfs', '-q', '-f', '-L', label, '-m', `uuid=${uuid}`, '-i', 'nrext64=0', device]
    case 'btrfs':
      return ['mkfs.btrfs', '-q', '-f', '-L', label, '-U', uuid, device]
    case 'swap':
      return ['mkswap', '-L', label, '-U', uuid, device]
  }
}
