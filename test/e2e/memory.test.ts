// A small machine and a large image: nothing may be staged in memory.

import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { copyLayout } from '../images/layout.ts'
import { addLargeLayers } from '../images/large-layer.ts'
import { DEMO_REPOSITORY } from '../images/demo-image.ts'
import { journey } from './lab/scenario.ts'
import { landfallWithDemo } from './worlds.ts'

const GIB = 1024 ** 3
const RSS_LIMIT = 300e6
const CABLE_OUT_MS = 20_000

journey(
  'a machine with 2 GiB of memory',
  async (lab) => {
    const world = await landfallWithDemo(lab)
    const layout = join(lab.workFolder, 'large')
    await copyLayout(world.demo.layout, layout)
    const { digest } = await addLargeLayers(layout, '1', 'large', [{ bytes: 1.75 * GIB }])
    await world.landfall.importImages(layout, DEMO_REPOSITORY)
    const machine = await lab.machine({ name: 'small', memoryMiB: 2048, disks: [{ sizeGiB: 10, bus: 'nvme' }] })
    return { ...world, digest, machine, key: await lab.sshKey() }
  },
  (chapter) => {
    chapter('begins to install an image larger than its free memory', async (world) => {
      const { landfall, machine, key } = world
      const id = await landfall.addMachine(machine.mac, 'small-01')
      const spec = { hostname: 'small-01', rootSshKeys: [key.publicLine], disks: { filesystem: 'btrfs' as const } }
      const installId = await landfall.assign(id, `${DEMO_REPOSITORY}:large`, spec)
      await machine.powerOn()
      await landfall.waitForProgress(installId, 'fetch', 0.2)
    })

    chapter(
      'a cable pulled for a while in the middle: the install goes on where it was',
      async ({ landfall, machine }) => {
        const { installId } = await landfall.machine(machine.mac)
        await machine.linkDown()
        await sleep(CABLE_OUT_MS)
        await machine.linkUp()
        await landfall.waitForProgress(installId!, 'fetch', 0.6)
        expect(machine.serial.matching(/== fetch: streaming/)).toHaveLength(1)
      },
    )

    chapter('ends well, the agent having stayed below 300 MB', async ({ landfall, machine, key, digest }) => {
      const { installId } = await landfall.machine(machine.mac)
      const deployed = await landfall.waitForState(machine.mac, 'deployed')
      expect(deployed.runningDigest).toBe(digest)
      const { agentPeakRss } = await landfall.install(installId!)
      console.log(`agent's peak RSS: ${(agentPeakRss! / 1e6).toFixed(0)} MB`)
      expect(agentPeakRss).toBeLessThanOrEqual(RSS_LIMIT)
      const ssh = machine.ssh(deployed.address!, key)
      await ssh.waitUntilReady()
      expect((await ssh.run('findmnt -no FSTYPE /sysroot')).stdout.trim()).toBe('btrfs')
    })
  },
)
