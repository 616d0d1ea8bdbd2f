// What is run for whole plans, on a machine that only writes it down.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeStorage } from '../../../boot-assets/agent/stages/partition.ts'
import { finalize } from '../../../boot-assets/agent/stages/finalize.ts'
import type { Host } from '../../../boot-assets/agent/sys/host.ts'
import type { EraseAbility, EraseEnd, EraseMethod } from '../../../server/contract/erase.ts'
import type { StoragePlan } from '../../../server/contract/plan.ts'
import { MachineSpec } from '../../../server/contract/spec.ts'
import { disk, plan, secondDisk } from '../examples.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agent-partition-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function make(made: StoragePlan, erased: EraseEnd[] = []) {
  const ran: string[] = []
  const host: Host = {
    run: async (command, args = []) => {
      ran.push([command, ...args].join(' ').replaceAll(folder, ''))
      return { stdout: '', stderr: '', exitCode: 0 }
    },
    read: async (path) => (path.endsWith('/size') ? String(disk.size / 512) : undefined),
    readBytes: async () => undefined,
    list: async () => [],
    resolve: async (path) =>
      path.endsWith('virtio-S1') ? '/dev/vda' : path.endsWith('virtio-S2') ? '/dev/vdb' : undefined,
    zero: async () => {},
  }
  const secrets = { keys: ['a key'] as const, opening: new Map<string, string>() }
  const options = { mountPoint: join(folder, 'target'), volumes: join(folder, 'volumes'), secrets }
  const told = { say: () => {}, onErasing: async () => {}, onErased: (report: EraseEnd) => void erased.push(report) }
  const target = await makeStorage({ host, plan: made, ...options, ...told, signal: new AbortController().signal })
  return { host, ran, target }
}

const planned = (disks: object) =>
  plan({}, MachineSpec.parse({ disks: { disk: { serial: 'S1' }, ...disks } }).disks, [secondDisk])

describe('makeStorage', () => {
  it('writes both tables of a mirror before it makes arrays, and mounts each ESP', async () => {
    const { ran, target } = await make(planned({ scheme: 'raid1', mirror: { serial: 'S2' } }))
    const programs = ran.map((line) => line.split(' ')[0])
    expect(programs.lastIndexOf('sfdisk')).toBeLessThan(programs.indexOf('modprobe'))
    expect(programs.indexOf('modprobe')).toBeLessThan(programs.indexOf('mdadm'))
    expect(programs.lastIndexOf('mdadm')).toBeLessThan(programs.indexOf('mkfs.vfat'))
    expect(ran.filter((line) => line.startsWith('mount'))).toEqual([
      'mount -t xfs -o noatime /dev/md/root /target/',
      'mount -t ext4 -o noatime /dev/md/boot /target/boot',
      'mount -t vfat -o noatime /dev/vda2 /target/boot/efi',
      'mount -t vfat -o noatime /dev/vdb2 /volumes/.esp2',
    ])
    expect(target.devices.get('disk2')).toBe('/dev/vdb')
  })

  it('makes subvolumes before it mounts them', async () => {
    const { ran } = await make(planned({ scheme: 'btrfs', volumes: [{ mount: '/var', size: 2 ** 30 }] }))
    expect(ran.slice(ran.findIndex((line) => line.startsWith('mkfs.btrfs')) + 1)).toEqual([
      'mount -t btrfs -o noatime /dev/vda4 /volumes/.top',
      'btrfs subvolume create /volumes/.top/root',
      'btrfs subvolume create /volumes/.top/var',
      'umount /volumes/.top',
      'udevadm settle --timeout=120',
      'mount -t btrfs -o noatime,subvol=root /dev/vda4 /target/',
      'mount -t ext4 -o noatime /dev/vda3 /target/boot',
      'mount -t vfat -o noatime /dev/vda2 /target/boot/efi',
      'mount -t btrfs -o noatime,subvol=var /dev/vda4 /volumes/var',
    ])
  })

  it('takes signatures before a long overwriting, but asks nothing of a disk that erases itself until it is done', async () => {
    const order = async (erasure: EraseAbility[], erase: EraseMethod) => {
      const spec = MachineSpec.parse({ disks: { disk: { serial: 'S1' }, erase } })
      const erased: EraseEnd[] = []
      const { ran } = await make(plan({ erasure }, spec.disks), erased)
      expect(erased).toMatchObject([{ name: 'vda', serial: 'S1', method: erase, result: 'erased' }])
      const programs = ran.map((line) => line.split(' ')[0]!)
      return programs.slice(programs.indexOf('sfdisk') + 1, programs.lastIndexOf('sfdisk'))
    }
    expect(await order([{ method: 'discard' }], 'discard')).toEqual(['wipefs', 'blkdiscard', 'wipefs'])
    expect(await order([{ method: 'nvme-format' }], 'nvme-format')).toEqual(['nvme', 'wipefs'])
  })

  it('neither wipes nor makes what is kept', async () => {
    const made = planned({ volumes: [{ mount: '/var', size: 2 ** 30 }] })
    made.disks[0]!.partitions.at(-1)!.kept = true
    made.filesystems.at(-1)!.kept = true
    const { ran } = await make(made)
    expect(ran.filter((line) => line.includes('/dev/vda5'))).toEqual(['mount -t xfs -o noatime /dev/vda5 /volumes/var'])
    expect(ran).not.toContain('wipefs --all --force --quiet /dev/vda')
    expect(ran).toContain('sfdisk --wipe always --wipe-partitions never --quiet /dev/vda')
  })
})

it('finalize writes each file system out once, however often it is mounted', async () => {
  const { host, ran, target } = await make(planned({ scheme: 'btrfs', volumes: [{ mount: '/var', size: 2 ** 30 }] }))
  ran.length = 0
  await finalize(host, target, () => {})
  expect(ran.filter((line) => line.startsWith('fsfreeze -f'))).toEqual([
    'fsfreeze -f /target/',
    'fsfreeze -f /target/boot',
  ])
})
