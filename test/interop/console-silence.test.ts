// A machine whose cable is pulled in the middle of an install, as people see it in a real browser, and its return.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { InstallTask } from '../../server/contract/agent.ts'
import { browserUnavailable } from '../e2e/lab/browser.ts'
import { Site } from './console-desk.ts'
import { change, importImages, rackMachines, taskOf } from './console-fleet.ts'
import type { Fleet } from './console-fleet.ts'

const MINUTE = 60_000
const reason = browserUnavailable()

describe.skipIf(reason !== undefined)(`a silent machine${reason === undefined ? '' : ` (skipped: ${reason})`}`, () => {
  let site: Site
  let fleet: Fleet
  let task: InstallTask

  beforeAll(async () => {
    site = await Site.open('console-silence', ['--installer-silent-minutes', '1'])
    const { server, folder, desk } = site
    await importImages(server, folder)
    fleet = await rackMachines(server, 2, 1)
    await change(server, [fleet.ids[0]!], { type: 'assign', image: 'os/web:1' })
    const [machine] = fleet.machines
    task = await taskOf(machine!)
    await machine!.report(task, [
      { type: 'step-started', step: 'fetch', message: 'streaming', totalBytes: 2e9 },
      { type: 'progress', step: 'fetch', bytes: 1e9, totalBytes: 2e9, message: '' },
    ])
    await desk.page.goto(`/machines#token=${server.access.token}`)
    await desk.rowOf('r01-01').waitFor()
  }, 5 * MINUTE)

  afterAll(async () => {
    await site?.[Symbol.asyncDispose]()
  })

  it(
    'is seen in the list, on its page and on the overview, until it is heard of again',
    { timeout: 8 * MINUTE },
    async () => {
      const { server, desk } = site
      const { page } = desk
      await desk
        .rowOf('r01-01')
        .getByText(/^silent for/)
        .waitFor({ timeout: 4 * MINUTE })
      expect(
        await desk
          .rowOf('r01-02')
          .getByText(/^silent for/)
          .count(),
      ).toBe(0)
      await page.goto('/machines?silent=true')
      await desk.shown('1 - 1 of 1')
      await desk.look('silent-list')
      const { stdout } = await server.cli('machine', 'list', '--silent')
      expect(stdout).toMatch(/r01-01 +installing \(silent for/)
      expect(stdout).not.toContain('r01-02')

      await page.getByRole('link', { name: 'r01-01' }).click()
      await page.getByRole('heading', { name: /This machine has been silent for/ }).waitFor()
      await desk.shown('Its last step: fetch, 50 %')
      await desk.look('silent-machine')
      await desk.lookSmall('phone-silent-machine')
      expect((await server.cli('machine', 'show', 'r01-01')).stdout).toContain('look at its console')

      await page.goto('/overview')
      await page.getByRole('link', { name: '1 machine has fallen silent' }).waitFor()
      await desk.look('silent-overview')
      await desk.lookSmall('phone-silent-overview')

      await fleet.machines[0]!.report(task, [
        { type: 'progress', step: 'fetch', bytes: 1.5e9, totalBytes: 2e9, message: '' },
      ])
      await page.getByRole('link', { name: '1 machine has fallen silent' }).waitFor({ state: 'hidden' })
      await desk.shown('is heard of again')
    },
  )
})
