// A network with IPv6 alone: no machine, and no part of Landfall, has an IPv4 address.
//
// By PXE only: HTTP Boot over IPv6 fails in OVMF up to that of Debian 13, which asks before its address may be used (tianocore/edk2#11096).

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { routerCommand, routerConfiguration } from '../helpers/router.ts'
import { startLandfall } from './lab/landfall.ts'
import { scenario } from './lab/scenario.ts'

scenario(
  'IPv6 only: a UEFI machine netboots by its own PXE and shows up as discovered',
  async (lab) => {
    // The router says that addresses are to be had by DHCPv6 (flag M).
    const file = join(lab.workFolder, 'radvd.conf')
    await writeFile(file, routerConfiguration({ interface: 'br0', prefix: 'fd00:77::/64', managed: true }))
    lab.spawn('radvd', routerCommand(file))
    const landfall = await startLandfall(lab, { log: console.log })
    const machine = await lab.machine({ name: 'six', netboot: 'pxe6', disks: [{ sizeGiB: 1 }] })
    await machine.powerOn()
    const { id } = await landfall.waitForState(machine.mac, 'discovered')
    const facts = await landfall.until('it has told its facts', async () => {
      return (await landfall.machine(machine.mac)).facts ?? 'nothing yet'
    })
    expect(facts).toMatchObject({ firmware: 'uefi', smbios: { serial: 'LAB-six' } })
    await machine.serial.waitForLine(/waiting/i)

    const told = landfall.process.log.matching(/"msg":"ack"/)
    const files = told.flatMap((line) => /"file":"([^"]*)"/.exec(line)?.[1] ?? [])
    expect(files).toEqual(['tftp://[fd00:77::1]/snponly.efi', 'http://[fd00:77::1]:8080/boot/ipxe'])
    const story = (await landfall.events(id)).map(({ type, data }) => [type, data['decision']])
    expect(story).toContainEqual(['boot.script', 'discover'])
    // Firmware, loader and installer had three names for themselves, and one address.
    const lease = await landfall.leaseOf(machine.mac)
    expect(lease).toMatch(/^fd00:77::1[0-9a-f]{3}$/)
    expect((await landfall.machine(machine.mac)).address).toBe(lease)
  },
  { address: 'fd00:77::1/64' },
)
