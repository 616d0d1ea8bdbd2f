// A network with IPv6 alone: no machine, and no part of Landfall, has an IPv4 address.
//
// By PXE only: HTTP Boot over IPv6 fails in OVMF up to that of Debian 13, which asks before its address may be used (tianocore/edk2#11096).

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { routerCommand, routerConfiguration } from '../helpers/router.ts'
import { expectDeployed } from './deployed.ts'
import { scenario } from './lab/scenario.ts'
import { DEMO_1, landfallWithDemo } from './worlds.ts'

scenario(
  'IPv6 only: a UEFI machine netboots by its own PXE, shows up as discovered, and is deployed',
  async (lab) => {
    // The router says that addresses are to be had by DHCPv6 (flag M).
    const file = join(lab.workFolder, 'radvd.conf')
    await writeFile(file, routerConfiguration({ interface: 'br0', prefix: 'fd00:77::/64', managed: true }))
    lab.spawn('radvd', routerCommand(file))
    const { landfall, demo } = await landfallWithDemo(lab)
    const machine = await lab.machine({ name: 'six', netboot: 'pxe6', disks: [{ sizeGiB: 6 }] })
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

    const key = await lab.sshKey()
    await landfall.assign(id, DEMO_1, { hostname: 'six-01', rootSshKeys: [key.publicLine] })
    const deployed = await landfall.waitForState(machine.mac, 'deployed')
    expect(deployed).toMatchObject({ id, generation: 1, runningDigest: demo.v1.digest })
    const ssh = machine.ssh(deployed.address!, key)
    await ssh.waitUntilReady()
    // Where it takes its updates from is a registry by its IPv6 address.
    await expectDeployed(ssh, { demo, version: '1', registry: '[fd00:77::1]:8443', hostname: 'six-01' })
  },
  { address: 'fd00:77::1/64' },
)
