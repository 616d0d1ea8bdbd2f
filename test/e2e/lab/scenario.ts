// Whole-machine tests in vitest's terms: one lab per scenario, or one for the chapters of a journey; artefacts named on failure.

import { afterAll, beforeAll, describe, it } from 'vitest'
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
  const { timeout = 25 * MINUTE, ...labOptions } = options
  it(name, { timeout }, async ({ skip, onTestFailed }) => {
    const reason = labUnavailable()
    if (reason !== undefined) return skip(reason)
    await using lab = await createLab({ name, ...labOptions })
    onTestFailed(() => console.error(`logs and screenshots of "${name}": ${lab.artefacts}`))
    await body(lab)
  })
}

/** Declares the next chapter. Chapters run in order; after one that failed, the rest is skipped. */
export type Chapter<World> = (
  name: string,
  body: (world: World) => Promise<void>,
  options?: { timeout?: number },
) => void

/**
 * Declares tests that follow one machine through its life, since each would otherwise have to begin with all of those before.
 * @example
 * journey('a UEFI machine', async (lab) => ({ machine: await lab.machine({ name: 'box' }) }), (chapter) => {
 *   chapter('asks the network', async ({ machine }) => machine.powerOn())
 *   chapter('asks again after a reset', async ({ machine }) => machine.reset())
 * })
 */
export function journey<World extends object>(
  name: string,
  prepare: (lab: Lab) => Promise<World>,
  declare: (chapter: Chapter<World & { lab: Lab }>) => void,
): void {
  describe(name, () => {
    const reason = labUnavailable()
    let world: (World & { lab: Lab }) | undefined
    let failed: string | undefined

    beforeAll(async () => {
      if (reason !== undefined) return
      const lab = await createLab({ name })
      try {
        world = { ...(await prepare(lab)), lab }
      } catch (error) {
        await lab[Symbol.asyncDispose]()
        throw error
      }
    }, 15 * MINUTE)

    afterAll(() => world?.lab[Symbol.asyncDispose](), MINUTE)

    declare((title, body, { timeout = 25 * MINUTE } = {}) => {
      it(title, { timeout }, async ({ skip, onTestFailed }) => {
        if (reason !== undefined) return skip(reason)
        if (failed !== undefined) return skip(`"${failed}" failed before`)
        onTestFailed(() => {
          failed = title
          console.error(`logs and screenshots of "${name}": ${world?.lab.artefacts}`)
        })
        await body(world!)
      })
    })
  })
}
