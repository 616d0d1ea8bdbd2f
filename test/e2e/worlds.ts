// What the whole-machine tests begin with.

import { buildDemoImages, DEMO_REPOSITORY, type DemoImages } from '../images/demo-image.ts'
import type { Lab } from './lab/lab.ts'
import { startLandfall, type Landfall } from './lab/landfall.ts'
import type { Machine } from './lab/machine.ts'
import type { Ssh, SshKey } from './lab/ssh.ts'

export const DEMO_1 = `${DEMO_REPOSITORY}:1`
export const DEMO_2 = `${DEMO_REPOSITORY}:2`
/** Version 1 for roots on arrays, volumes and encrypted disks. */
export const DEMO_DISKS = `${DEMO_REPOSITORY}:disks`

export interface LandfallWithDemo {
  landfall: Landfall
  demo: DemoImages
}

/** A server with all demo images in its store; `flags` are further ones of `landfall serve`. */
export async function landfallWithDemo(lab: Lab, flags: readonly string[] = []): Promise<LandfallWithDemo> {
  const demo = await buildDemoImages({ log: console.log })
  const landfall = await startLandfall(lab, { flags, log: console.log })
  await landfall.importImages(demo.layout, DEMO_REPOSITORY)
  return { landfall, demo }
}

/** Waits until a deployed machine lets us in, at the address that the server knows of it. */
export async function sshInto({
  landfall,
  machine,
  key,
}: {
  landfall: Landfall
  machine: Machine
  key: SshKey
}): Promise<Ssh> {
  const { address } = await landfall.machine(machine.mac)
  const ssh = machine.ssh(address!, key)
  await ssh.waitUntilReady()
  return ssh
}
