// A CD that installs without a network, and without anybody at the keyboard.

import { expect } from 'vitest'
import { buildDemoImages } from '../images/demo-image.ts'
import { expectDeployed } from './deployed.ts'
import { hashOf, installAndStart, layoutIso, writeJson } from './installation-media.ts'
import { startLandfall } from './lab/landfall.ts'
import { journey } from './lab/scenario.ts'
import { DEMO_1 } from './worlds.ts'

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
      const ssh = moved.ssh(await landfall.leaseOf(moved.mac), key)
      await ssh.waitUntilReady()
      await expectDeployed(ssh, { demo, version: '1', registry, hostname: 'cd-01' })
    })
  },
)
