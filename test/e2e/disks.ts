// What the tests of machines with several disks, or more than partitions on them, have in common.

import type { PartialSpec } from '../../server/contract/spec.ts'
import type { Lab } from './lab/lab.ts'
import type { Machine } from './lab/machine.ts'
import type { DiskOptions } from './lab/machine-options.ts'
import type { Ssh } from './lab/ssh.ts'
import { landfallWithDemo } from './worlds.ts'

export async function worldWithDisks(lab: Lab, name: string, disks: DiskOptions[], tpm = false) {
  const world = await landfallWithDemo(lab)
  return { ...world, machine: await lab.machine({ name, disks, tpm }), key: await lab.sshKey() }
}
export type DiskWorld = Awaited<ReturnType<typeof worldWithDisks>>

/** Assigns the image to the machine before it was ever seen, so that it begins at its first start. */
export async function begin(
  { landfall, machine, key }: DiskWorld,
  image: string,
  disks: PartialSpec['disks'],
): Promise<void> {
  const id = await landfall.addMachine(machine.mac, machine.name)
  await landfall.assign(id, image, { hostname: machine.name, rootSshKeys: [key.publicLine], disks: disks ?? {} })
  await machine.powerOn()
}

export async function deployed({ landfall, machine, key }: DiskWorld): Promise<Ssh> {
  const { address } = await landfall.waitForState(machine.mac, 'deployed')
  const ssh = machine.ssh(address!, key)
  await ssh.waitUntilReady()
  return ssh
}

export async function text(ssh: Ssh, command: string): Promise<string> {
  return (await ssh.run(command, { timeout: 300_000 })).stdout.trim()
}

export async function switchOff(machine: Machine, ssh: Ssh): Promise<void> {
  // The connection ends before the command does.
  await ssh.run('systemctl poweroff').catch(() => {})
  await machine.waitForExit()
}
