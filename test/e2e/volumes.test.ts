// Volumes of their own and large sectors: what is kept through a reinstall, and what is never touched.

import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { expect } from 'vitest'
import type { PartialSpec } from '../../server/contract/spec.ts'
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
    await mark(world.machine.diskFile(0))
    await fillWithNoise(world.machine.diskFile(1))
    return { ...world, data: await hashOf(world.machine.diskFile(1)) }
  },
  (chapter) => {
    chapter('is installed on the disk that is meant, which erases itself before, with /var apart', async (world) => {
      // QEMU's disks can be formatted, not sanitized.
      await begin(world, DEMO_1, { ...layout(false), erase: ['nvme-sanitize', 'nvme-format'] })
      const ssh = await deployed(world)
      expect(await text(ssh, 'findmnt -no FSTYPE,SOURCE /var')).toMatch(/^ext4 +\/dev\/nvme0n1p5$/)
      expect(await text(ssh, 'cat /sys/block/nvme0n1/queue/logical_block_size')).toBe('4096')
      expect(await text(ssh, 'swapon --noheadings --show=NAME')).toMatch(/nvme0n1p6/)
      expect(await text(ssh, 'systemctl is-system-running --wait || systemctl --failed --no-legend')).toBe('running')
      await ssh.run('echo kept > /var/lib/mine; sync')
      const { installId } = await world.landfall.machine(world.machine.mac)
      expect((await world.landfall.install(installId!)).erasures).toMatchObject([
        { name: 'nvme0n1', serial: 'SYSTEM', method: 'nvme-format', result: 'erased' },
      ])
      expect(await marksLeft(world.machine.diskFile(0))).toBe(0)
    })

    chapter('keeps /var through a reinstall with another image, and the data disk untouched', async (world) => {
      const { landfall, machine, key, data } = world
      const { id, address } = await landfall.machine(machine.mac)
      const installId = await landfall.assign(id, DEMO_2, { disks: { ...layout(true), erase: 'signatures' } })
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

function layout(preserve: boolean): PartialSpec['disks'] {
  return {
    disk: { model: { contains: 'NVMe' } },
    volumes: [
      { mount: '/var', size: 2 * GIB, grow: false, filesystem: 'ext4', preserve },
      { mount: 'swap', size: 256 * MIB, grow: false },
    ],
  }
}

/** What somebody had on the disk: a sector of a known text in every 16 MiB. */
const MARK = Buffer.alloc(4096, 'old secret ')
const MARKS = 512

async function mark(file: string): Promise<void> {
  const handle = await open(file, 'r+')
  try {
    for (let at = 0; at < MARKS; at++) await handle.write(MARK, 0, MARK.length, at * 16 * MIB)
  } finally {
    await handle.close()
  }
}

async function marksLeft(file: string): Promise<number> {
  const handle = await open(file, 'r')
  try {
    let left = 0
    for (let at = 0; at < MARKS; at++) {
      const { buffer } = await handle.read(Buffer.alloc(MARK.length), 0, MARK.length, at * 16 * MIB)
      if (buffer.equals(MARK)) left++
    }
    return left
  } finally {
    await handle.close()
  }
}

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
