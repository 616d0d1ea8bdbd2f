// Machines with Secure Boot on and no key enrolled but Microsoft's: everything that they start is signed, down to the kernel.

import { expect } from 'vitest'
import { startLandfall, type Landfall } from './lab/landfall.ts'
import type { Machine } from './lab/machine.ts'
import { scenario } from './lab/scenario.ts'

scenario('statement 80: Secure Boot by TFTP: shim, GRUB, signed kernel, and the agent reports', async (lab) => {
  const landfall = await startLandfall(lab, { flags: ['--boot-loader', 'grub'], log: console.log })
  const machine = await lab.machine({ name: 'secure', firmware: 'uefi-secureboot' })
  await machine.powerOn()
  await expectDiscovered(landfall, machine)
  expect(machine.serial.matching(/Start PXE over IPv4/)).not.toEqual([])
  expect(requested(landfall, 'tftp')).toContain('grubx64.efi')
})

scenario('statement 80: a stranger whose firmware refuses iPXE is offered shim, by UEFI HTTP Boot', async (lab) => {
  const landfall = await startLandfall(lab, { log: console.log })
  const machine = await lab.machine({ name: 'stranger', firmware: 'uefi-secureboot' })
  await machine.powerOn()
  // The entry after PXE over IPv4 is HTTP over IPv4: asking again is what tells of the refusal.
  await machine.serial.waitForLine(/Access Denied|Security Violation/i)
  await machine.serial.waitForLine(/Start HTTP Boot over IPv4/)
  await expectDiscovered(landfall, machine)
})

/** It runs the installer under Secure Boot, and GRUB told who it is. */
async function expectDiscovered(landfall: Landfall, machine: Machine): Promise<void> {
  await machine.serial.waitForLine(/Secure boot enabled/i)
  const found = await landfall.waitForState(machine.mac, 'ready')
  expect(found).toMatchObject({ uuid: machine.hardware.uuid, serial: machine.hardware.serialNumber })
  expect(found.facts).toMatchObject({ firmware: 'uefi', secureBoot: true })
  const asked = (await landfall.events(found.id)).find(({ type }) => type === 'boot.script')
  expect(asked?.data).toMatchObject({
    via: 'grub',
    decision: 'discover',
    mac: machine.mac,
    uuid: machine.hardware.uuid,
    serial: machine.hardware.serialNumber,
    architecture: 'amd64',
  })
}

/** Names that were asked for, by the server's log. */
function requested(landfall: Landfall, part: string): string[] {
  return landfall.process.log.lines
    .map((line) => JSON.parse(line.startsWith('{') ? line : '{}') as { part?: string; file?: string })
    .filter((line) => line.part === part && line.file !== undefined)
    .map(({ file }) => file!)
}
