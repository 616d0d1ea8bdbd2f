// Volumes of their own and large sectors: what is kept through a reinstall, and what is never touched.

import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { expect } from 'vitest'
import { begin, deployed, switchOff, text, worldWithDisks } from './disks.ts'
import type { DiskOptions } from './lab/machine-options.ts'
import { journey } from './lab/scenario.ts'
import { DEMO_1, DEMO_2 } from './worlds.ts'

const GIB = 2 ** 30
const MIB = 2 ** 20

journey(
  'a machine with sectors of 4096 bytes, a /var of its own and a disk of data',
  async (lab) => {
    const disks: DiskOptions[] = [
      { sizeGiB: 8, bus: 'nvme', serial: 'SYSTEM', sectorSize: 4096 },
      { sizeGiB: 1, serial: 'DATA' },
    ]
    const world = await worldWithDisks(lab, 'volumes', disks)
    await fillWithNoise(world.machine.diskFile(1))
    return { ...world, data: await hashOf(world.machine.diskFile(1)) }
  },
  (chapter) => {
    chapter('is installed on the disk that is meant, with /var apart', async (world) => {
      await begin(world, DEMO_1, {
        disk: { model: { contains: 'NVMe' } },
        volumes: [
          { mount: '/var', size: 2 * GIB, grow: false, filesystem: 'ext4', preserve: true },
          { mount: 'swap', size: 256 * MIB, grow: false },
        ],
      })
      const ssh = await deployed(world)
      expect(await text(ssh, 'findmnt -no FSTYPE,SOURCE /var')).toMatch(/^ext4 +\/dev\/nvme0n1p5$/)
      expect(await text(ssh, 'cat /sys/block/nvme0n1/queue/logical_block_size')).toBe('4096')
      expect(await text(ssh, 'swapon --noheadings --show=NAME')).toMatch(/nvme0n1p6/)
      expect(await text(ssh, 'systemctl is-system-running --wait || systemctl --failed --no-legend')).toBe('running')
      await ssh.run('echo kept > /var/lib/mine; sync')
    })

    chapter('keeps /var through a reinstall with another image, and the data disk untouched', async (world) => {
      const { landfall, machine, key, data } = world
      const { id, address } = await landfall.machine(machine.mac)
      const installId = await landfall.assign(id, DEMO_2)
      await machine
        .ssh(address!, key)
        .run('systemctl reboot')
        .catch(() => {})
      await landfall.until('the second image runs', async () => {
        const { state, installId: now } = await landfall.machine(machine.mac)
        return state === 'deployed' && now === installId ? { state } : `it is ${state}`
      })
      const ssh = await deployed(world)
      expect(await text(ssh, 'cat /var/lib/mine')).toBe('kept')
      const { plan } = await landfall.install(installId)
      expect(plan?.disks[0]?.partitions.filter(({ kept }) => kept).map(({ name }) => name)).toEqual(['var'])
      await switchOff(machine, ssh)
      expect(await hashOf(machine.diskFile(1))).toBe(data)
    })
  },
)

async function fillWithNoise(file: string): Promise<void> {
  const handle = await open(file, 'r+')
  try {
    for (let at = 0; at < 64; at++) await handle.write(randomBytes(MIB), 0, MIB, at * 16 * MIB)
  } finally {
    await handle.close()
  }
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}
