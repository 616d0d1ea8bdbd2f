// The main job, by each way a machine's own firmware asks the network: from power on to a deployed machine that says so itself.

import { describe, expect } from 'vitest'
import { buildDemoImages } from '../images/demo-image.ts'
import { expectDeployed } from './deployed.ts'
import { startLandfall } from './lab/landfall.ts'
import { scenario } from './lab/scenario.ts'

const MINUTE = 60_000
const IMAGE = 'landfall/demo:1'

describe('first light', () => {
  scenario(
    "UEFI PXE: the firmware's own PXE loads iPXE, the machine becomes its image",
    async (lab) => {
      const demo = await buildDemoImages({ log: console.log })
      const landfall = await startLandfall(lab)
      await landfall.importImages(demo.layout, 'landfall/demo')
      const machine = await lab.machine({ name: 'uefi', disks: [{ sizeGiB: 6 }] })
      const id = await landfall.addMachine(machine.mac, 'web-01')
      const key = await lab.sshKey()
      const installId = await landfall.assign(id, IMAGE, { hostname: 'web-01', rootSshKeys: [key.publicLine] })

      await machine.powerOn()
      const deployed = await landfall.waitForState(machine.mac, 'deployed')

      expect(deployed.runningDigest).toBe(demo.v1.digest)
      expect(await landfall.install(installId)).toMatchObject({ state: 'succeeded', confirmedDigest: demo.v1.digest })
      const ssh = machine.ssh(deployed.address!, key)
      await ssh.waitUntilReady()
      await expectDeployed(ssh, { demo, version: '1', registry: `${lab.address}:8443`, hostname: 'web-01' })
    },
    { timeout: 20 * MINUTE },
  )
})
