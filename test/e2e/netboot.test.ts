// The ways in which machines come to the network, besides those that other tests begin with: each to the installer's first report, some
// to the running system.

import { expect } from 'vitest'
import { expectDeployed } from './deployed.ts'
import type { Lab } from './lab/lab.ts'
import { startLandfall, type Landfall } from './lab/landfall.ts'
import type { Machine } from './lab/machine.ts'
import type { Network } from './lab/network.ts'
import { scenario } from './lab/scenario.ts'
import { DEMO_1, landfallWithDemo, type LandfallWithDemo } from './worlds.ts'

scenario(
  "UEFI with iPXE in the card, by whose driver the firmware's PXE works: one loader, and no loop",
  async (lab) => {
    const landfall = await startLandfall(lab, { log: console.log })
    const machine = await lab.machine({ name: 'rom', rom: true })
    const { id } = await expectDiscovered(landfall, machine)
    expect(landfall.process.log.matching(/"part":"tftp".*snponly\.efi.*"completed"/)).toHaveLength(1)
    const scripts = (await landfall.events(id)).filter(({ type }) => type === 'boot.script')
    expect(scripts).toHaveLength(1)
  },
)

scenario(
  'UEFI HTTP Boot behind a relay, by the second of two cards: deployed, and nothing goes by TFTP',
  async (lab) => {
    const far = await routedNetwork(lab)
    const subnet = { cidr: '10.88.0.0/24', pool: ['10.88.0.100-10.88.0.199'], router: '10.88.0.1' }
    const { landfall, demo } = await landfallWithDemo(lab, ['--dhcp-subnets', JSON.stringify([subnet])])
    const machine = await lab.machine({ name: 'far', netboot: 'http', idleNics: 1, disks: [{ sizeGiB: 6 }] }, far)
    const { id, facts, address } = await expectDiscovered(landfall, machine)
    expect(machine.serial.matching(/URI: .*\/boot\/loaders\/snponly\.efi/)).not.toEqual([])
    expect(landfall.process.log.matching(/"part":"tftp".*"outcome"/)).toEqual([])
    expect(address).toMatch(/^10\.88\.0\.1\d\d$/)
    // The installer goes on with the card that booted.
    expect(facts!.nics.map(({ mac, boot }) => [mac === machine.mac, boot])).toEqual([
      [false, false],
      [true, true],
    ])
    await expectDeployedNow(lab, { landfall, demo, machine, id, hostname: 'far-01' })
  },
)

scenario(
  'beside another DHCP server: a BIOS machine boots from here, and a UEFI machine, by shim and GRUB, is deployed',
  async (lab) => {
    const router = await lab.network.join('router', { address: '10.77.0.2/24' })
    const quiet = ['--conf-file=/dev/null', '--port=0', '--leasefile-ro', '--user=root', '--bind-interfaces']
    const range = ['--interface=eth0', '--dhcp-range=10.77.0.100,10.77.0.200,5m']
    lab.spawn('router', router.inside(['dnsmasq', '--keep-in-foreground', '--log-facility=-', ...quiet, ...range]))
    // It finds the other server by itself.
    const { landfall, demo } = await landfallWithDemo(lab, ['--dhcp-mode', 'auto', '--boot-loader', 'grub'])
    await landfall.process.log.waitForLine(/"mode":"proxy"/)
    const bios = await lab.machine({ name: 'beside-bios', firmware: 'bios' })
    await expectDiscovered(landfall, bios)
    await bios.powerOff()
    const machine = await lab.machine({ name: 'beside-uefi', disks: [{ sizeGiB: 6 }] })
    const { id } = await expectDiscovered(landfall, machine)
    expect((await landfall.events(id)).find(({ type }) => type === 'boot.script')?.data).toMatchObject({ via: 'grub' })
    await expectDeployedNow(lab, { landfall, demo, machine, id, hostname: 'beside-01' })
    expect(landfall.process.log.matching(/"msg":"ack"/)).toEqual([])
  },
)

/** A network that only a router with a DHCP relay joins to the server's. */
async function routedNetwork(lab: Lab): Promise<Network> {
  const far = await lab.addNetwork('10.88.0.254/24')
  const router = await lab.network.join('relay', { address: '10.77.0.2/24' })
  await far.connect(router, 'eth1', { address: '10.88.0.1/24' })
  await router.exec(['sysctl', '-qw', 'net.ipv4.ip_forward=1'])
  await lab.network.namespace.ip('route', 'add', '10.88.0.0/24', 'via', '10.77.0.2')
  const links = ['-id', 'eth1', '-iu', 'eth0']
  const relay = lab.spawn('dhcrelay', router.inside(['dhcrelay', '-4', '-d', '-a', ...links, lab.address]))
  await relay.log.waitForLine(/Sending on/)
  return far
}

/** Powers it on; it comes to the installer, which tells what the machine is. */
async function expectDiscovered(landfall: Landfall, machine: Machine) {
  await machine.powerOn()
  await landfall.waitForState(machine.mac, 'ready')
  const found = await landfall.machine(machine.mac)
  expect(found).toMatchObject({ uuid: machine.hardware.uuid, serial: machine.hardware.serialNumber })
  return found
}

/** Assigns the demo image to a machine that waits in the installer, and looks at what it became. */
async function expectDeployedNow(
  lab: Lab,
  { landfall, demo, machine, id, hostname }: LandfallWithDemo & { machine: Machine; id: string; hostname: string },
): Promise<void> {
  const key = await lab.sshKey()
  await landfall.assign(id, DEMO_1, { hostname, rootSshKeys: [key.publicLine] })
  const deployed = await landfall.waitForState(machine.mac, 'deployed')
  expect(deployed).toMatchObject({ id, generation: 1, runningDigest: demo.v1.digest })
  const ssh = machine.ssh(deployed.address!, key)
  await ssh.waitUntilReady()
  await expectDeployed(ssh, { demo, version: '1', registry: `${lab.address}:8443`, hostname })
}
