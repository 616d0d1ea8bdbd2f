// Sticks and CDs: machines that install without anybody at the keyboard, with and without a network.

import { createReadStream } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { join, resolve } from 'node:path'
import { expect } from 'vitest'
import { z } from 'zod'
import { Lease } from '../../server/contract/system.ts'
import { buildDemoImages } from '../images/demo-image.ts'
import type { DemoImages } from '../images/demo-image.ts'
import { expectDeployed } from './deployed.ts'
import { run } from './lab/command.ts'
import { mountPartition, partitions } from './lab/disk.ts'
import { startLandfall } from './lab/landfall.ts'
import type { Lab } from './lab/lab.ts'
import type { Machine } from './lab/machine.ts'
import { journey, scenario } from './lab/scenario.ts'
import { DEMO_1, landfallWithDemo } from './worlds.ts'

const COMMAND = resolve(import.meta.dirname, '../../server/cli/landfall.js')
const MINUTE = 60_000
const INSTALL = { timeout: 25 * MINUTE }
const BOOT = { timeout: 15 * MINUTE }

/** Builds an ISO of a layout with the real command line, no server beside it; resolves with its path. */
async function layoutIso(
  lab: Lab,
  { layout }: DemoImages,
  kind: 'offline' | 'fleet',
  flags: string[],
): Promise<string> {
  const out = join(lab.workFolder, `${kind}.iso`)
  const argv = [process.execPath, COMMAND, 'iso', 'build', kind, '--layout', layout, '--out', out, ...flags]
  // The installer may have to be built first.
  await run(argv, { timeout: 10 * MINUTE })
  return out
}

async function writeJson(lab: Lab, name: string, value: unknown): Promise<string> {
  const path = join(lab.workFolder, name)
  await writeFile(path, JSON.stringify(value))
  return path
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

/**
 * From the boot menu through the install to a login prompt. The firmware tries the medium first at every start: UEFI is told once to
 * start the disk, after that, and on a BIOS at once, it is up to the medium's menu.
 */
async function installAndStart(machine: Machine, title: RegExp): Promise<void> {
  await machine.powerOn()
  await machine.serial.waitForLine(title, BOOT)
  await machine.serial.waitForLine(/Landfall agent \d/, BOOT)
  await machine.serial.waitForLine(/Restarting this machine/, INSTALL)
  if (machine.hardware.firmware !== 'bios') {
    await machine.serial.waitForLine(/login:/, BOOT)
    await machine.reset()
  }
  await machine.serial.waitForLine(/\*Start the system on the disk/, BOOT)
  await machine.serial.waitForLine(/login:/, BOOT)
  expect(machine.serial.matching(/== fetch: streaming/)).toHaveLength(1)
}

journey(
  'a UEFI machine without network card, and a CD',
  async (lab) => {
    const demo = await buildDemoImages({ log: console.log })
    const key = await lab.sshKey()
    const spec = await writeJson(lab, 'spec.json', { hostname: 'cd-01', rootSshKeys: [key.publicLine] })
    const registry = `${lab.address}:8443`
    const flags = ['--image', DEMO_1, '--follow', `${registry}/${DEMO_1}`, '--spec', spec]
    const iso = await layoutIso(lab, demo, 'offline', flags)
    const disks = [{ file: iso, bus: 'cdrom' as const }, { sizeGiB: 6 }]
    const machine = await lab.machine({ name: 'cd', nic: 'none', bootOrder: ['disk'], disks })
    return { demo, key, registry, iso, hash: await hashOf(iso), machine }
  },
  (chapter) => {
    chapter('installs itself; the CD that was left in then starts the disk', async ({ machine, iso, hash }) => {
      await installAndStart(machine, /Install landfall\/demo:1, wiping the only disk/)
      await machine.powerOff()
      expect(await hashOf(iso)).toBe(hash)
    })

    chapter('holds what the checklist says, once it has a network', async ({ lab, machine, key, demo, registry }) => {
      const landfall = await startLandfall(lab, { log: console.log })
      const disks = [{ file: machine.diskFile(1) }]
      const moved = await lab.machine({ name: 'moved', bootOrder: ['disk'], disks })
      await moved.powerOn()
      const { address } = await landfall.until('it has an address', async () => {
        const { items } = await landfall.api.call('GET', '/leases', z.object({ items: z.array(Lease) }))
        return items.find(({ mac, state }) => mac === moved.mac && state === 'bound') ?? 'no lease yet'
      })
      const ssh = moved.ssh(address, key)
      await ssh.waitUntilReady()
      await expectDeployed(ssh, { demo, version: '1', registry, hostname: 'cd-01' })
    })
  },
)

journey(
  'a BIOS machine and a stick made for it',
  async (lab) => {
    const world = await landfallWithDemo(lab)
    const key = await lab.sshKey()
    const iso = join(lab.workFolder, 'stick.iso')
    const disks = [
      { file: iso, bus: 'usb' as const, serial: 'STICK' },
      { sizeGiB: 6, bus: 'ahci' as const },
    ]
    const machine = await lab.machine({ name: 'stick', firmware: 'bios', bootOrder: ['disk'], disks })
    const id = await world.landfall.addMachine(machine.mac, 'stick-01')
    const spec = { hostname: 'stick-01', rootSshKeys: [key.publicLine], disks: { filesystem: 'ext4' as const } }
    const installId = await world.landfall.assign(id, DEMO_1, spec)
    await world.landfall.cli('iso', 'build', 'offline', '--machine', 'stick-01', '--out', iso)
    return { ...world, key, machine, installId, disks }
  },
  (chapter) => {
    chapter('installs without a word to the server, which hears of it from the first boot', async (world) => {
      const { landfall, machine, installId, demo } = world
      await installAndStart(machine, /Install landfall\/demo:1 for stick-01, wiping the only disk/)
      const deployed = await landfall.waitForState(machine.mac, 'deployed')
      expect(deployed).toMatchObject({ installId, runningDigest: demo.v1.digest })
      const { steps, plan } = await landfall.install(installId)
      expect(new Set(steps.map(({ state }) => state))).toEqual(new Set(['done']))
      expect(plan).toBeNull()
    })

    chapter('the deployed machine holds what the checklist says', async ({ lab, landfall, machine, key, demo }) => {
      const { items } = await landfall.api.call('GET', '/leases', z.object({ items: z.array(Lease) }))
      const ssh = machine.ssh(items.find(({ mac }) => mac === machine.mac)!.address, key)
      await ssh.waitUntilReady()
      const { address: host } = lab
      const options = { demo, version: '1', hostname: 'stick-01', filesystem: 'ext4' } as const
      await expectDeployed(ssh, { ...options, registry: `${host}:8443` })
    })

    chapter('the same stick in another machine touches no disk', async ({ lab, machine, disks }) => {
      // One stick is in one machine.
      await machine.powerOff()
      const [stick] = disks
      const other = await lab.machine({
        name: 'other',
        firmware: 'bios',
        bootOrder: ['disk'],
        disks: [
          { ...stick, serial: 'STICK' },
          { sizeGiB: 6, bus: 'ahci' },
        ],
      })
      await expectStranger(other, 1)
    })
  },
)

/** The machine says who it is and that the medium is not for it, and its disk stays as it was. */
async function expectStranger(machine: Machine, disk: number): Promise<void> {
  const before = await hashOf(machine.diskFile(disk))
  await machine.powerOn()
  await machine.serial.waitForLine(/not for this one. No disk was touched/, BOOT)
  await machine.serial.waitForLine(new RegExp(machine.hardware.serialNumber), BOOT)
  await machine.serial.waitForLine(/press Enter to restart/)
  await machine.powerOff()
  expect(await hashOf(machine.diskFile(disk))).toBe(before)
}

scenario(
  'Secure Boot: starts from the stick with no key enrolled; with --confirm anything but yes stops it',
  async (lab) => {
    const demo = await buildDemoImages({ log: console.log })
    const flags = ['--image', DEMO_1, '--follow', `registry.example/${DEMO_1}`, '--confirm']
    const iso = await layoutIso(lab, demo, 'offline', flags)
    const machine = await lab.machine({
      name: 'sb',
      firmware: 'uefi-secureboot',
      nic: 'none',
      bootOrder: ['disk'],
      disks: [{ file: iso, bus: 'usb', serial: 'STICK' }, { sizeGiB: 6 }],
    })
    const before = await hashOf(machine.diskFile(1))
    await machine.powerOn()
    await machine.serial.waitForLine(/Install landfall\/demo:1, after asking/, BOOT)
    await machine.serial.waitForLine(/secureboot: Secure boot enabled/i, BOOT)
    await machine.serial.waitForLine(/Everything on vda \(serial sb-disk1\) will be lost. Type yes/, BOOT)
    machine.writeSerial('no\n')
    await machine.serial.waitForLine(/Reason: CANCELLED/)
    await machine.serial.waitForLine(/Press Enter to try again/)
    machine.writeSerial('\n')
    await machine.serial.waitForLine(/Type yes/)
    await machine.powerOff()
    expect(await hashOf(machine.diskFile(1))).toBe(before)
  },
)

journey(
  'a fleet ISO',
  async (lab) => {
    const demo = await buildDemoImages({ log: console.log })
    const machines = ['1', '2'].map((version) => ({
      name: `fleet-0${version}`,
      // One by serial, one by MAC.
      ...(version === '1' ? { serials: ['LAB-fleet1'] } : { macs: ['52:54:00:f1:ee:02'] }),
      image: `registry.example/landfall/demo:${version}`,
      spec: { hostname: `fleet-0${version}`, finish: 'poweroff' },
    }))
    const file = await writeJson(lab, 'fleet.json', { machines })
    return { demo, iso: await layoutIso(lab, demo, 'fleet', ['--machines', file]) }
  },
  (chapter) => {
    for (const version of ['1', '2'] as const) {
      chapter(`machine ${version} of two gets its own image`, async ({ lab, demo, iso }) => {
        const machine = await lab.machine({
          name: `fleet${version}`,
          ...(version === '1' ? { nic: 'none' as const } : { mac: '52:54:00:f1:ee:02' }),
          bootOrder: ['disk'],
          disks: [{ file: iso, bus: 'cdrom' }, { sizeGiB: 6 }],
        })
        await machine.powerOn()
        await machine.serial.waitForLine(new RegExp(`this medium is for this machine: fleet-0${version}`), BOOT)
        await machine.waitForExit(INSTALL)
        await using root = await mountPartition(machine.diskFile(1), (await partitions(machine.diskFile(1))).length)
        const deployments = join(root.path, 'ostree/deploy/default/deploy')
        const [deployment, origin] = (await readdir(deployments)).toSorted()
        expect(await readFile(join(deployments, origin!), 'utf8')).toContain(
          `registry.example/landfall/demo:${version}`,
        )
        expect(await readFile(join(deployments, deployment!, 'etc/hostname'), 'utf8')).toBe(`fleet-0${version}\n`)
        expect(demo.v1.digest).not.toBe(demo.v2.digest)
      })
    }

    chapter('a machine that it does not name is told so, and left alone', async ({ lab, iso }) => {
      const disks = [{ file: iso, bus: 'cdrom' as const }, { sizeGiB: 6 }]
      const machine = await lab.machine({ name: 'stranger', nic: 'none', bootOrder: ['disk'], disks })
      await expectStranger(machine, 1)
    })
  },
)

scenario('a fleet ISO with a server: a machine nobody knows joins, is assigned an image, and begins', async (lab) => {
  const { landfall } = await landfallWithDemo(lab)
  const made = await landfall.cli('token', 'create', 'sticks', '--role', 'join', '--output', 'json')
  const { secret } = JSON.parse(made) as { secret: string }
  const token = join(lab.workFolder, 'join-token')
  await writeFile(token, secret)
  const iso = join(lab.workFolder, 'server.iso')
  await landfall.cli('iso', 'build', 'fleet', '--server', '--join-token-file', token, '--out', iso)
  const disks = [{ file: iso, bus: 'cdrom' as const }, { sizeGiB: 6 }]
  const machine = await lab.machine({ name: 'joins', bootOrder: ['disk'], disks })
  await machine.powerOn()
  const { id } = await landfall.waitForState(machine.mac, ['discovered', 'ready'])
  await machine.serial.waitForLine(/Waiting for an image to be assigned/, BOOT)
  const installId = await landfall.assign(id, DEMO_1)
  const { plan } = await landfall.waitForProgress(installId, 'fetch')
  expect(plan?.disk.serial).toBe('joins-disk1')
})
