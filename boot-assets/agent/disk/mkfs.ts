// How to make each file system so that kernels and boot loaders of images in the field can read it.
import type { PlannedPartition } from '../../../server/contract/plan.ts'

export interface NewFilesystem {
  partition: PlannedPartition & { filesystem: NonNullable<PlannedPartition['filesystem']> }
  device: string
  /** For vfat its first 8 hex digits become the volume id. */
  uuid: string
  logicalBlockSize: number
}

const LABELS: Record<PlannedPartition['role'], string> = {
  'bios-boot': '',
  esp: 'EFI-SYSTEM',
  boot: 'boot',
  root: 'root',
}

/** Smaller than this, FAT32 has too few clusters of 4096 bytes; mkfs.vfat then picks FAT16 by itself. */
const MIN_FAT32_4K = 260 * 2 ** 20

/** Program and arguments. The tools of the installer are newer than many images: what those could not read is off. */
export function mkfsCommand({ partition, device, uuid, logicalBlockSize }: NewFilesystem): [string, ...string[]] {
  const label = LABELS[partition.role]
  switch (partition.filesystem) {
    case 'vfat': {
      const fat32 = logicalBlockSize < 4096 || partition.size >= MIN_FAT32_4K
      return ['mkfs.vfat', ...(fat32 ? ['-F', '32'] : []), '-n', label, '-i', uuid.slice(0, 8), device]
    }
    case 'ext4':
      // e2fsck before 1.47 refuses orphan_file; GRUB 2.06 refuses metadata_csum_seed. fs-verity is for composefs.
      return ['mkfs.ext4', '-q', '-F', '-L', label, '-U', uuid, '-O', features(partition.role), device]
    case 'xfs':
      // Large extent counters need Linux 5.19; images with older kernels could not mount the root.
      return ['mkfs.xfs', '-q', '-f', '-L', label, '-m', `uuid=${uuid}`, '-i', 'nrext64=0', device]
    case 'btrfs':
      return ['mkfs.btrfs', '-q', '-f', '-L', label, '-U', uuid, device]
  }
}

function features(role: PlannedPartition['role']): string {
  const unread = '^orphan_file,^metadata_csum_seed'
  return role === 'root' ? `verity,${unread}` : unread
}

/** The UUID as blkid, fstab and `root=UUID=` spell it: vfat has only the short volume id, `1234-ABCD`. */
export function filesystemUuid({ partition, uuid }: Pick<NewFilesystem, 'partition' | 'uuid'>): string {
  if (partition.filesystem !== 'vfat') return uuid
  const id = uuid.slice(0, 8).toUpperCase()
  return `${id.slice(0, 4)}-${id.slice(4)}`
}
