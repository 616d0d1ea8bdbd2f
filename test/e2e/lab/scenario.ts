// A whole-machine test in vitest's terms: one lab per scenario, and its artefacts named when it fails.

import { it } from 'vitest'
import { createLab, labUnavailable, type Lab } from './lab.ts'

const MINUTE = 60_000

export interface ScenarioOptions {
  /** Milliseconds for all of it. */
  timeout?: number
  /** The server's address and prefix length. */
  address?: string
}

/**
 * Declares a test that gets a lab of its own; skipped, with the reason, where there can be none.
 * @example
 * scenario('a machine asks the network first', async (lab) => {
 *   const machine = await lab.machine({ name: 'box' })
 *   await machine.powerOn()
 *   await machine.serial.waitForLine(/Start PXE over IPv4/)
 * })
 */
export function scenario(name: string, body: (lab: Lab) => Promise<void>, options: ScenarioOptions = {}): void {
  const { timeout = 10 * MINUTE, ...labOptions } = options
  it(name, { timeout }, async ({ skip, onTestFailed }) => {
    const reason = labUnavailable()
    if (reason !== undefined) return skip(reason)
    await using lab = await createLab({ name, ...labOptions })
    onTestFailed(() => console.error(`logs and screenshots of "${name}": ${lab.artefacts}`))
    await body(lab)
  })
}
