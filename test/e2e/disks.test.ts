// Disks that are more than one plain disk: mirrors, encryption, volumes of their own, large sectors.

import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { expect } from 'vitest'
import type { PartialSpec } from '../../server/contract/spec.ts'
import { expectDeployed } from './deployed.ts'
import type { Lab } from './lab/lab.ts'
import type { Machine } from './lab/machine.ts'
import type { DiskOptions } from './lab/machine-options.ts'
import { journey } from './lab/scenario.ts'
import type { Ssh } from './lab/ssh.ts'
import { DEMO_1, DEMO_2, landfallWithDemo } from './worlds.ts'

const GIB = 2 ** 30
const MIB = 2 ** 20

async function worldWith(lab: Lab, name: string, disks: DiskOptions[], tpm = false) {
  const world = await landfallWithDemo(lab)
  return { ...world, machine: await lab.machine({ name, disks, tpm }), key: await lab.sshKey() }
}
type World = Awaited<ReturnType<typeof worldWith>>

/** Assigns the image to the machine before it was ever seen, so that it begins at its first start. */
async function begin({ landfall, machine, key }: World, disks: PartialSpec['disks']): Promise<void> {
  const id = await landfall.addMachine(machine.mac, machine.name)
  await landfall.assign(id, DEMO_1, { hostname: machine.name, rootSshKeys: [key.publicLine], disks: disks ?? {} })
  await machine.powerOn()
}

async function deployed({ landfall, machine, key }: World): Promise<Ssh> {
  const { address } = await landfall.waitForState(machine.mac, 'deployed')
  const ssh = machine.ssh(address!, key)
  await ssh.waitUntilReady()
  return ssh
}

async function text(ssh: Ssh, command: string): Promise<string> {
  return (await ssh.run(command, { timeout: 300_000 })).stdout.trim()
}

async function switchOff(machine: Machine, ssh: Ssh): Promise<void> {
  // The connection ends before the command does.
  await ssh.run('systemctl poweroff').catch(() => {})
  await machine.waitForExit()
}

journey(
  'a machine with a mirror',
  (lab) =>
    worldWith(lab, 'mirror', [
      { sizeGiB: 6, serial: 'LEFT' },
      { sizeGiB: 6, serial: 'RIGHT' },
    ]),
  (chapter) => {
    chapter('is installed on both disks, which the plan names beforehand', async (world) => {
      const { landfall, machine, demo, lab } = world
      await begin(world, { scheme: 'raid1', disk: { serial: 'LEFT' }, mirror: { serial: 'RIGHT' } })
      const ssh = await deployed(world)
      const { installId } = await landfall.machine(machine.mac)
      const { plan } = await landfall.install(installId!)
      expect(plan?.disks.map(({ disk }) => disk.serial)).toEqual(['LEFT', 'RIGHT'])
      expect((await text(ssh, 'cat /proc/mdstat')).match(/\[UU\]/g)).toHaveLength(2)
      await expectDeployed(ssh, { demo, version: '1', registry: `${lab.address}:8443`, hostname: 'mirror' })
      const entries = await text(ssh, `cat /sys/firmware/efi/efivars/Boot0* | tr -d '\\000'`)
      expect(entries).toContain('(disk 2)')
      await switchOff(machine, ssh)
    })

    chapter('starts with the second disk alone', (world) => startsWithout(world, 0))
    chapter('starts with the first disk alone', (world) => startsWithout(world, 1))
  },
)

async function startsWithout(world: World, missing: number): Promise<void> {
  const { machine, landfall, key } = world
  machine.plugDisk(1 - missing, true)
  machine.plugDisk(missing, false)
  await machine.powerOn()
  const { address } = await landfall.machine(machine.mac)
  const ssh = machine.ssh(address!, key)
  await ssh.waitUntilReady({ timeout: 900_000 })
  const left = missing === 0 ? 'RIGHT' : 'LEFT'
  expect(await text(ssh, 'lsblk --nodeps --noheadings --output SERIAL')).toBe(left)
  expect((await text(ssh, 'cat /proc/mdstat')).match(/\[(U_|_U)\]/g)).toHaveLength(2)
  expect(await text(ssh, 'findmnt -no SOURCE /boot')).toMatch(/^\/dev\/md/)
  await switchOff(machine, ssh)
}

journey(
  'a machine with sectors of 4096 bytes, a /var of its own and a disk of data',
  async (lab) => {
    const disks: DiskOptions[] = [
      { sizeGiB: 8, bus: 'nvme', serial: 'SYSTEM', sectorSize: 4096 },
      { sizeGiB: 1, serial: 'DATA' },
    ]
    const world = await worldWith(lab, 'volumes', disks)
    await fillWithNoise(world.machine.diskFile(1))
    return { ...world, data: await hashOf(world.machine.diskFile(1)) }
  },
  (chapter) => {
    chapter('is installed on the disk that is meant, with /var apart', async (world) => {
      await begin(world, {
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

journey(
  'a machine with logical volumes on an encrypted disk, and a TPM',
  (lab) => worldWith(lab, 'sealed', [{ sizeGiB: 8, serial: 'SEALED' }], true),
  (chapter) => {
    const passphrase = 'correct horse battery'

    chapter('asks for the passphrase at its first start, and binds the disk to its TPM', async (world) => {
      const { machine } = world
      await begin(world, {
        scheme: 'lvm',
        encryption: { passphrase, tpm2: true, recoveryKey: true },
        volumes: [{ mount: '/var', size: 2 * GIB, grow: false }],
      })
      await typePassphrase(machine, passphrase)
      const ssh = await deployed(world)
      expect(await text(ssh, 'cat /proc/cmdline')).not.toContain(passphrase)
      expect(await text(ssh, 'findmnt -no SOURCE /sysroot')).toMatch(/^\/dev\/mapper\/system_[0-9a-f]{8}-root/)
      await ssh.run('while [ -e /etc/landfall-tpm2 ]; do sleep 1; done', { timeout: 300_000 })
      expect(await text(ssh, 'systemd-cryptenroll $(blkid -t TYPE=crypto_LUKS -o device)')).toMatch(/tpm2/)
      await switchOff(machine, ssh)
    })

    chapter('is opened by its TPM at the second, and by the recovery key, which is shown once', async (world) => {
      const { landfall, machine, key } = world
      await machine.powerOn()
      const { address, installId } = await landfall.machine(machine.mac)
      const ssh = machine.ssh(address!, key)
      await ssh.waitUntilReady({ timeout: 900_000 })
      const shown = await landfall.cli('install', 'recovery-key', installId!, '-o', 'json')
      const { key: recovery } = JSON.parse(shown) as { key: string }
      const device = '$(blkid -t TYPE=crypto_LUKS -o device)'
      await ssh.run(`cryptsetup open --test-passphrase ${device}`, { input: recovery, timeout: 300_000 })
      await expect(landfall.cli('install', 'recovery-key', installId!)).rejects.toThrow(/no recovery key/)
      await switchOff(machine, ssh)
    })
  },
)

async function typePassphrase(machine: Machine, passphrase: string): Promise<void> {
  await machine.serial.waitForLine(/enter passphrase for disk/i, { timeout: 1_800_000 })
  machine.writeSerial(`${passphrase}\n`)
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
