// A machine with a BIOS, which loses its power at the worst moment.

import { expect } from 'vitest'
import { expectDeployed } from './deployed.ts'
import { journey } from './lab/scenario.ts'
import { DEMO_1, landfallWithDemo } from './worlds.ts'

journey(
  'a BIOS machine',
  async (lab) => {
    const world = await landfallWithDemo(lab)
    const machine = await lab.machine({
      name: 'bios',
      firmware: 'bios',
      disks: [{ sizeGiB: 6, bus: 'ahci' }],
    })
    return { ...world, machine, key: await lab.sshKey() }
  },
  (chapter) => {
    chapter('BIOS PXE: a machine known by its MAC netboots and begins to install at once', async (world) => {
      const { landfall, machine, key } = world
      const id = await landfall.addMachine(machine.mac, 'db-01')
      const spec = { hostname: 'db-01', rootSshKeys: [key.publicLine], disks: { filesystem: 'ext4' as const } }
      const installId = await landfall.assign(id, DEMO_1, spec)
      await machine.powerOn()
      await landfall.waitForProgress(installId, 'fetch', 0.3)
      const { plan } = await landfall.install(installId)
      expect(plan).toMatchObject({ firmware: 'bios', disks: [{ disk: { transport: 'sata', serial: 'bios-disk0' } }] })
      expect(plan?.disks[0]?.partitions.map(({ role }) => role)).toContain('bios-boot')
    })

    chapter('power cut in the middle of the install: the next boot installs cleanly', async (world) => {
      const { lab, landfall, machine, key, demo } = world
      const { installId, id } = await landfall.machine(machine.mac)
      await machine.cut()
      await machine.powerOn()
      const deployed = await landfall.waitForState(machine.mac, 'deployed')
      expect(deployed).toMatchObject({ id, installId, generation: 1, runningDigest: demo.v1.digest })
      expect(machine.serial.matching(/== fetch: streaming/)).toHaveLength(2)
      const ssh = machine.ssh(deployed.address!, key)
      await ssh.waitUntilReady()
      const { address: host } = lab
      await expectDeployed(ssh, { demo, version: '1', registry: `${host}:8443`, hostname: 'db-01', filesystem: 'ext4' })
    })
  },
)
