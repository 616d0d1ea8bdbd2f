// Machines with Secure Boot on and no key enrolled but Microsoft's: everything that they start is signed, down to the kernel.

import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { writeBootIso } from '../media/synthetic-boot-iso.ts'
import { expectDeployed } from './deployed.ts'
import { startLandfall, type Landfall } from './lab/landfall.ts'
import type { Machine } from './lab/machine.ts'
import { scenario } from './lab/scenario.ts'
import { DEMO_1, landfallWithDemo } from './worlds.ts'

scenario('statement 80: Secure Boot by TFTP: shim, GRUB, signed kernel, and the agent reports', async (lab) => {
  const landfall = await startLandfall(lab, { flags: ['--boot-loader', 'grub'], log: console.log })
  const machine = await lab.machine({ name: 'secure', firmware: 'uefi-secureboot' })
  await machine.powerOn()
  await expectDiscovered(landfall, machine)
  expect(machine.serial.matching(/Start PXE over IPv4/)).not.toEqual([])
  expect(requested(landfall, 'tftp')).toContain('grubx64.efi')
})

scenario('statement 80: Secure Boot from power-on to the deployed image, whose GRUB has no blscfg', async (lab) => {
  const { landfall, demo } = await landfallWithDemo(lab)
  const machine = await lab.machine({ name: 'sealed', firmware: 'uefi-secureboot', disks: [{ sizeGiB: 6 }] })
  const key = await lab.sshKey()
  const id = await landfall.addMachine(machine.mac, 'sealed')
  const spec = { hostname: 'sealed', rootSshKeys: [key.publicLine], boot: { loader: 'grub' as const } }
  await landfall.assign(id, DEMO_1, spec)
  await machine.powerOn()
  const { address } = await landfall.waitForState(machine.mac, 'deployed')
  const ssh = machine.ssh(address!, key)
  await ssh.waitUntilReady()
  await expectDeployed(ssh, { demo, version: '1', registry: `${lab.address}:8443`, hostname: 'sealed' })
  const variable = '/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c'
  expect((await ssh.run(`od -An -tu1 -j4 -N1 ${variable}`)).stdout.trim()).toBe('1')
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

scenario('statement 80: Secure Boot beside another DHCP server, by proxyDHCP', async (lab) => {
  const router = await lab.network.join('router', { address: '10.77.0.2/24' })
  const quiet = ['--conf-file=/dev/null', '--port=0', '--leasefile-ro', '--user=root', '--bind-interfaces']
  const range = ['--interface=eth0', '--dhcp-range=10.77.0.100,10.77.0.200,5m']
  lab.spawn('router', router.inside(['dnsmasq', '--keep-in-foreground', '--log-facility=-', ...quiet, ...range]))
  const flags = ['--boot-loader', 'grub', '--dhcp-mode', 'proxy']
  const landfall = await startLandfall(lab, { flags, log: console.log })
  const machine = await lab.machine({ name: 'proxied', firmware: 'uefi-secureboot' })
  await machine.powerOn()
  await expectDiscovered(landfall, machine)
})

scenario(
  'statement 80: one changed byte of the kernel, and it is refused: the machine says so and goes on',
  async (lab) => {
    const landfall = await startLandfall(lab, { flags: ['--boot-loader', 'grub'], log: console.log })
    const kernel = join(landfall.dataDir, 'boot/installer/vmlinuz')
    const bytes = await readFile(kernel)
    bytes[bytes.length >> 1]! ^= 1
    // Not in place: the file is a link into the cache.
    await rm(kernel)
    await writeFile(kernel, bytes)
    const machine = await lab.machine({ name: 'tampered', firmware: 'uefi-secureboot' })
    await machine.powerOn()
    await machine.serial.waitForLine(/bad shim loader signature/)
    await machine.serial.waitForLine(/Going on to the next boot entry/)
    // GRUB is left, with success: OVMF goes on with its menu.
    await machine.serial.waitForLine(/BdsDxe: (loading|starting)/)
    expect(machine.serial.matching(/Secure boot enabled/i)).toEqual([])
    const { id } = await landfall.machine(machine.mac)
    expect((await landfall.events(id)).map(({ type }) => type)).toContain('boot.refused')
  },
)

scenario('Anaconda under Secure Boot by UEFI HTTP Boot: shim, GRUB and kernel are those of the medium', async (lab) => {
  const { landfall } = await landfallWithDemo(lab)
  const ours = (name: string) => readFile(join(landfall.dataDir, 'boot', name))
  const iso = join(lab.workFolder, 'boot.iso')
  const files = {
    'images/pxeboot/vmlinuz': await ours('installer/vmlinuz'),
    'images/pxeboot/initrd.img': 'no initramfs',
    'EFI/BOOT/BOOTX64.EFI': await ours('loaders/shimx64.efi'),
    'EFI/BOOT/grubx64.efi': await ours('loaders/grubx64.efi'),
  }
  await writeBootIso(iso, { product: 'Fedora', version: '44', files })
  const [medium] = JSON.parse(await landfall.cli('media', 'import', iso, '--output', 'json')) as { id: string }[]
  const machine = await lab.machine({ name: 'anaconda-sb', firmware: 'uefi-secureboot', netboot: 'http' })
  const id = await landfall.addMachine(machine.mac, 'anaconda-sb')
  await landfall.assign(id, DEMO_1, {
    installer: 'anaconda',
    media: medium!.id,
    consoles: ['ttyS0,115200'],
    boot: { loader: 'grub' },
  })
  await machine.powerOn()

  const http = `http://${lab.address}:8080`
  const tree = `/media/${medium!.id}`
  const given = [
    `${tree}/images/pxeboot/vmlinuz inst\\.stage2=${http}${tree} inst\\.ks=${http}/i/lfi_\\S+`,
    'inst\\.ks\\.sendmac inst\\.ks\\.sendsn inst\\.cmdline inst\\.nosave=all_ks ip=dhcp .*',
    `BOOTIF=01-${machine.mac.replaceAll(':', '-')}`,
  ]
  // The kernel says it twice, and a slow serial line may lose letters of one.
  await machine.serial.waitForLine(new RegExp(`ommand line: .*${given.join(' ')}`))
  await machine.serial.waitForLine(/Secure boot enabled/i, { fromStart: true })
  expect(machine.serial.matching(/URI: .*BOOTX64/)[0]).toContain(`${http}/boot${tree}/BOOTX64.EFI`)
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
