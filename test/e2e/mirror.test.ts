// A root on two disks: it starts from either.

import { expect } from 'vitest'
import { expectDeployed } from './deployed.ts'
import { begin, deployed, switchOff, text, worldWithDisks, type DiskWorld } from './disks.ts'
import { journey } from './lab/scenario.ts'
import { DEMO_DISKS } from './worlds.ts'

journey(
  'a machine with a mirror',
  (lab) =>
    worldWithDisks(lab, 'mirror', [
      { sizeGiB: 6, serial: 'LEFT' },
      { sizeGiB: 6, serial: 'RIGHT' },
    ]),
  (chapter) => {
    chapter('is installed on both disks, which the plan names beforehand', async (world) => {
      const { landfall, machine, demo, lab } = world
      await begin(world, DEMO_DISKS, { scheme: 'raid1', disk: { serial: 'LEFT' }, mirror: { serial: 'RIGHT' } })
      const ssh = await deployed(world)
      const { installId } = await landfall.machine(machine.mac)
      const { plan } = await landfall.install(installId!)
      expect(plan?.disks.map(({ disk }) => disk.serial)).toEqual(['LEFT', 'RIGHT'])
      expect((await text(ssh, 'cat /proc/mdstat')).match(/\[UU\]/g)).toHaveLength(2)
      await expectDeployed(ssh, { demo, version: 'disks', registry: `${lab.address}:8443`, hostname: 'mirror' })
      const entries = await text(ssh, `cat /sys/firmware/efi/efivars/Boot0* | tr -d '\\000'`)
      expect(entries).toContain('(disk 2)')
      await switchOff(machine, ssh)
    })

    chapter('starts with the second disk alone', (world) => startsWithout(world, 0))
    chapter('starts with the first disk alone', (world) => startsWithout(world, 1))
  },
)

async function startsWithout(world: DiskWorld, missing: number): Promise<void> {
  const { machine, landfall, key } = world
  machine.plugDisk(1 - missing, true)
  machine.plugDisk(missing, false)
  await machine.powerOn()
  const { address } = await landfall.machine(machine.mac)
  const ssh = machine.ssh(address!, key)
  await ssh.waitUntilReady({ timeout: 900_000 })
  const left = missing === 0 ? 'RIGHT' : 'LEFT'
  expect(await text(ssh, 'lsblk --nodeps --noheadings --output SERIAL')).toBe(left)
  expect((await text(ssh, 'cat /proc/mdstat')).match(/\[(U_|_U)\]/g)).toHaveLength(2)
  expect(await text(ssh, 'findmnt -no SOURCE /boot')).toMatch(/^\/dev\/md/)
  await switchOff(machine, ssh)
}
