import { describe, expect, it } from 'vitest'
import { eraseDisk } from '../../../boot-assets/agent/disk/erase.ts'
import { takeDown } from '../../../boot-assets/agent/disk/take-down.ts'
import type { Host } from '../../../boot-assets/agent/sys/host.ts'
import { plan } from '../examples.ts'

/** A host with these folders and files below /sys/class/block, that writes down what it is told. */
function fakeHost(folders: Record<string, string[]>, files: Record<string, string> = {}): Host & { ran: string[] } {
  const ran: string[] = []
  const below = (path: string) => path.replace('/sys/class/block/', '')
  return {
    ran,
    run: async (command: string, args: readonly string[] = []) => {
      ran.push([command, ...args].join(' '))
      return { stdout: '', stderr: '', exitCode: 0 }
    },
    read: async (path: string) => files[below(path)],
    list: async (path: string) => folders[below(path)] ?? [],
    zero: async (path: string, offset: number, length: number) => void ran.push(`zero ${path} ${offset} ${length}`),
  } as unknown as Host & { ran: string[] }
}

describe('eraseDisk', () => {
  it('touches nothing of a partition that is kept, nor the ends of its disk', async () => {
    const host = fakeHost({ vda: ['queue', 'vda1', 'vda2', 'vda3', 'vda4'] })
    const planned = plan().disks[0]!
    planned.partitions[2]!.kept = true
    await eraseDisk(host, '/dev/vda', planned)
    expect(host.ran).toEqual([1, 2, 4].map((number) => `wipefs --all --force --quiet /dev/vda${number}`))
  })
})

it('takes down what holds a disk, the topmost first', async () => {
  const host = fakeHost(
    { vda: ['vda1'], 'vda1/holders': ['md127'], 'md127/holders': ['dm-0'], 'dm-0/holders': ['dm-1'] },
    { 'dm-0/dm/name': 'luks-u', 'dm-1/dm/name': 'system-root' },
  )
  await takeDown(host, 'vda')
  expect(host.ran).toEqual([
    'dmsetup remove --retry system-root',
    'dmsetup remove --retry luks-u',
    'mdadm --stop /dev/md127',
  ])
})
