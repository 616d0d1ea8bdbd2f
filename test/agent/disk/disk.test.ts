import { describe, expect, it } from 'vitest'
import { mkfsCommand } from '../../../boot-assets/agent/disk/mkfs.ts'
import { unmountLeftovers } from '../../../boot-assets/agent/disk/mounts.ts'
import { partitionPath, sfdiskScript } from '../../../boot-assets/agent/disk/sfdisk.ts'
import { filesystemAt } from '../../../boot-assets/agent/disk/target.ts'
import type { Host } from '../../../boot-assets/agent/sys/host.ts'
import type { DiskFacts } from '../../../server/contract/facts.ts'
import { plan } from '../examples.ts'

const UUID = '0a1b2c3d-1111-4222-8333-444455556666'
const planned = (change: Partial<DiskFacts> = {}) => plan(change).disks[0]!

describe('sfdiskScript', () => {
  it('writes positions in logical sectors, and the UUIDs of the plan', () => {
    const { uuid, partitions } = planned()
    expect(sfdiskScript(planned())).toBe(`label: gpt
label-id: ${uuid.toUpperCase()}
unit: sectors

1 : start=2048, size=2048, type=21686148-6449-6E6F-744E-656564454649, uuid=${partitions[0]!.uuid.toUpperCase()}, name="BIOS-BOOT"
2 : start=4096, size=1048576, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, uuid=${partitions[1]!.uuid.toUpperCase()}, name="EFI-SYSTEM"
3 : start=1052672, size=2097152, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4, uuid=${partitions[2]!.uuid.toUpperCase()}, name="boot"
4 : start=3149824, size=38791168, type=4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709, uuid=${partitions[3]!.uuid.toUpperCase()}, name="root"
`)
  })

  it('counts sectors of 4096 bytes on such disks', () => {
    expect(sfdiskScript(planned({ logicalBlockSize: 4096 }))).toContain('2 : start=512, size=131072,')
  })

  it('refuses a partition off the sectors, and a name that would end the line', () => {
    const odd = planned()
    odd.partitions[0]!.start += 1
    expect(() => sfdiskScript(odd)).toThrow(RangeError)
    const named = planned()
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
  const command = (
    mountPoint: string,
    filesystem: 'vfat' | 'xfs' | 'ext4' | 'btrfs' | 'swap',
    { logicalBlockSize = 512, ...change }: { logicalBlockSize?: number; size?: number } = {},
  ) => {
    const uuid = filesystem === 'vfat' ? '0A1B-2C3D' : UUID
    const made = { ...filesystemAt(plan(), mountPoint), filesystem, uuid, ...change }
    return mkfsCommand(made, '/dev/x', logicalBlockSize).join(' ')
  }

  it.each([
    ['/boot/efi', 'vfat', 'mkfs.vfat -F 32 -n EFI-SYSTEM -i 0A1B2C3D /dev/x'],
    ['/boot', 'ext4', `mkfs.ext4 -q -F -L boot -U ${UUID} -O ^orphan_file,^metadata_csum_seed /dev/x`],
    ['/', 'ext4', `mkfs.ext4 -q -F -L root -U ${UUID} -O verity,^orphan_file,^metadata_csum_seed /dev/x`],
    ['/', 'xfs', `mkfs.xfs -q -f -L root -m uuid=${UUID} -i nrext64=0 /dev/x`],
    ['/', 'btrfs', `mkfs.btrfs -q -f -L root -U ${UUID} /dev/x`],
    ['/', 'swap', `mkswap -L root -U ${UUID} /dev/x`],
  ] as const)('%s as %s', (mountPoint, filesystem, text) => {
    expect(command(mountPoint, filesystem)).toBe(text)
  })

  it('lets mkfs.vfat choose on small ESPs with large sectors', () => {
    expect(command('/boot/efi', 'vfat', { size: 128 * 2 ** 20, logicalBlockSize: 4096 })).not.toContain('-F 32')
  })
})

it('thaws what a killed agent left frozen before it unmounts it, the deepest first', async () => {
  const ran: string[] = []
  const host = {
    run: async (command: string, args: readonly string[] = []) => {
      ran.push([command, ...args].join(' '))
      if (command === 'fsfreeze') throw new Error('nothing is frozen')
      return { stdout: '', stderr: '', exitCode: 0 }
    },
    read: async () => '/dev/vda4 /t xfs rw 0 0\n/dev/vda3 /t/boot ext4 rw 0 0\n/dev/vda5 /to ext4 rw 0 0\n',
  } as unknown as Host
  await unmountLeftovers(host, '/t')
  expect(ran).toEqual(['fsfreeze -u /t/boot', 'fsfreeze -u /t', 'umount /t/boot', 'umount /t'])
})
