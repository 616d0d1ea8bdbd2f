// Sticks: made for one machine, or for any under Secure Boot that somebody says yes to.

import { join } from 'node:path'
import { expect } from 'vitest'
import { buildDemoImages } from '../images/demo-image.ts'
import { expectDeployed } from './deployed.ts'
import { BOOT, expectStranger, hashOf, installAndStart, layoutIso } from './installation-media.ts'
import { journey, scenario } from './lab/scenario.ts'
import { DEMO_1, landfallWithDemo } from './worlds.ts'

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
      const ssh = machine.ssh(await landfall.leaseOf(machine.mac), key)
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
