// A machine with a 64-bit ARM processor. It is emulated at a tenth of the speed of others, and what it boots takes minutes to build.

import { describe, expect } from 'vitest'
import { startLandfall } from './lab/landfall.ts'
import { scenario } from './lab/scenario.ts'

describe.skipIf(process.env['LANDFALL_ARM64'] !== '1')('with LANDFALL_ARM64=1', () => {
  scenario(
    'UEFI PXE on 64-bit ARM: iPXE, script, kernel, and the agent reports',
    async (lab) => {
      const landfall = await startLandfall(lab, { arm64: true, log: console.log })
      const machine = await lab.machine({ name: 'arm', firmware: 'uefi-arm64' })
      await machine.powerOn()
      const found = await landfall.waitForState(machine.mac, 'ready', { timeout: 40 * 60_000 })
      expect(found).toMatchObject({ uuid: machine.hardware.uuid, serial: machine.hardware.serialNumber })
      expect(found).toMatchObject({ architecture: 'arm64', facts: { architecture: 'arm64', firmware: 'uefi' } })
      const story = (await landfall.events(found.id)).map(({ type, data }) => [type, data['decision']])
      expect(story).toContainEqual(['boot.script', 'discover'])
      expect(landfall.process.log.matching(/"part":"tftp".*ipxe-arm64\.efi.*"completed"/)).toHaveLength(1)
    },
    { timeout: 50 * 60_000 },
  )
})
