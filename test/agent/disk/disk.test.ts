import { describe, expect, it } from 'vitest'
import { filesystemUuid, mkfsCommand } from '../../../boot-assets/agent/disk/mkfs.ts'
import { partitionPath, sfdiskScript } from '../../../boot-assets/agent/disk/sfdisk.ts'
import { plan } from '../examples.ts'

const UUID = '0a1b2c3d-1111-4222-8333-444455556666'

describe('sfdiskScript', () => {
  it('writes positions in logical sectors', () => {
    expect(sfdiskScript(plan())).toBe(`label: gpt
unit: sectors

1 : start=2048, size=2048, type=21686148-6449-6E6F-744E-656564454649, name="BIOS-BOOT"
2 : start=4096, size=1048576, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, name="EFI-SYSTEM"
3 : start=1052672, size=2097152, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4, name="boot"
4 : start=3149824, size=38791168, type=4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709, name="root"
`)
  })

  it('counts sectors of 4096 bytes on such disks', () => {
    expect(sfdiskScript(plan({ logicalBlockSize: 4096 }))).toContain('2 : start=512, size=131072,')
  })

  it('refuses a partition off the sectors, and a name that would end the line', () => {
    const odd = plan()
    odd.partitions[0]!.start += 1
    expect(() => sfdiskScript(odd)).toThrow(RangeError)
    const named = plan()
    named.partitions[0]!.name = 'x"\n'
    expect(() => sfdiskScript(named)).toThrow(RangeError)
  })
})

it.each([
  ['/dev/sda', '/dev/sda1'],
  ['/dev/vda', '/dev/vda1'],
  ['/dev/nvme0n1', '/dev/nvme0n1p1'],
  ['/dev/mmcblk0', '/dev/mmcblk0p1'],
])('first partition of %s is %s', (disk, path) => {
  expect(partitionPath(disk, 1)).toBe(path)
})

describe('mkfsCommand', () => {
  const [, esp, boot, root] = plan().partitions
  const command = (partition: typeof esp, filesystem: 'vfat' | 'xfs' | 'ext4' | 'btrfs', logicalBlockSize = 512) =>
    mkfsCommand({ partition: { ...partition!, filesystem }, device: '/dev/x', uuid: UUID, logicalBlockSize }).join(' ')

  it.each([
    [esp, 'vfat', 'mkfs.vfat -F 32 -n EFI-SYSTEM -i 0a1b2c3d /dev/x'],
    [boot, 'ext4', `mkfs.ext4 -q -F -L boot -U ${UUID} -O ^orphan_file,^metadata_csum_seed /dev/x`],
    [root, 'ext4', `mkfs.ext4 -q -F -L root -U ${UUID} -O verity,^orphan_file,^metadata_csum_seed /dev/x`],
    [root, 'xfs', `mkfs.xfs -q -f -L root -m uuid=${UUID} -i nrext64=0 /dev/x`],
    [root, 'btrfs', `mkfs.btrfs -q -f -L root -U ${UUID} /dev/x`],
  ] as const)('%#', (partition, filesystem, text) => {
    expect(command(partition, filesystem)).toBe(text)
  })

  it('lets mkfs.vfat choose on small ESPs with large sectors', () => {
    expect(command({ ...esp!, size: 128 * 2 ** 20 }, 'vfat', 4096)).not.toContain('-F 32')
  })

  it('spells UUIDs as blkid does', () => {
    expect(filesystemUuid({ partition: { ...esp!, filesystem: 'vfat' }, uuid: UUID })).toBe('0A1B-2C3D')
    expect(filesystemUuid({ partition: { ...root!, filesystem: 'xfs' }, uuid: UUID })).toBe(UUID)
  })
})
