// Sticks and CDs in the tests: made with the real command line, and what a machine says that starts from one.

import { createReadStream } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { join, resolve } from 'node:path'
import { expect } from 'vitest'
import type { DemoImages } from '../images/demo-image.ts'
import { run } from './lab/command.ts'
import type { Lab } from './lab/lab.ts'
import type { Machine } from './lab/machine.ts'

const COMMAND = resolve(import.meta.dirname, '../../server/cli/landfall.js')
const MINUTE = 60_000
export const INSTALL = { timeout: 25 * MINUTE }
export const BOOT = { timeout: 15 * MINUTE }

/** Builds an ISO of a layout with the real command line, no server beside it; resolves with its path. */
export async function layoutIso(
  lab: Lab,
  { layout }: DemoImages,
  kind: 'offline' | 'fleet',
  flags: string[],
): Promise<string> {
  const out = join(lab.workFolder, `${kind}.iso`)
  const argv = [process.execPath, COMMAND, 'iso', 'build', kind, '--layout', layout, '--out', out, ...flags]
  // The installer may have to be built first.
  await run(argv, { timeout: 10 * MINUTE })
  return out
}

export async function writeJson(lab: Lab, name: string, value: unknown): Promise<string> {
  const path = join(lab.workFolder, name)
  await writeFile(path, JSON.stringify(value))
  return path
}

export async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

/**
 * From the boot menu through the install to a login prompt. The firmware tries the medium first at every start: UEFI is told once to
 * start the disk, after that, and on a BIOS at once, it is up to the medium's menu.
 */
export async function installAndStart(machine: Machine, title: RegExp): Promise<void> {
  await machine.powerOn()
  await machine.serial.waitForLine(title, BOOT)
  await machine.serial.waitForLine(/Landfall agent \d/, BOOT)
  await machine.serial.waitForLine(/Restarting this machine/, INSTALL)
  if (machine.hardware.firmware !== 'bios') {
    await machine.serial.waitForLine(/login:/, BOOT)
    await machine.reset()
  }
  await machine.serial.waitForLine(/\*Start the system on the disk/, BOOT)
  await machine.serial.waitForLine(/login:/, BOOT)
  expect(machine.serial.matching(/== fetch: streaming/)).toHaveLength(1)
}

/** The machine says who it is and that the medium is not for it, and its disk stays as it was. */
export async function expectStranger(machine: Machine, disk: number): Promise<void> {
  const before = await hashOf(machine.diskFile(disk))
  await machine.powerOn()
  await machine.serial.waitForLine(/not for this one. No disk was touched/, BOOT)
  await machine.serial.waitForLine(new RegExp(machine.hardware.serialNumber), BOOT)
  await machine.serial.waitForLine(/press Enter to restart/)
  await machine.powerOff()
  expect(await hashOf(machine.diskFile(disk))).toBe(before)
}
