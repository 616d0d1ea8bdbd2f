// The console in a real browser, against a server with racks of machines that only talk: what technicians do all day, by mouse and by keyboard,
// on a desk and on a phone. With LANDFALL_SCREENSHOTS=1 it keeps pictures beside docs/explanation/console.md.

import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { browserUnavailable } from '../e2e/lab/browser.ts'
import { ownErrors } from '../helpers/page-checks.ts'
import { Site, type Desk } from './console-desk.ts'
import { change, importImages, machinesOf, rackMachines, taskOf, type Fleet } from './console-fleet.ts'
import type { Served } from './serve.ts'

const MACHINES = 240
/** Of them, those that have told what they are. */
const TALKING = 12
const MINUTE = 60_000
/** What the first page may cost, compressed. */
const FIRST_LOAD_BYTES = 300_000
const reason = browserUnavailable()

describe.skipIf(reason !== undefined)(`the console${reason === undefined ? '' : ` (skipped: ${reason})`}`, () => {
  let site: Site
  let folder: string
  let server: Served
  let desk: Desk
  let page: Page
  let fleet: Fleet

  beforeAll(async () => {
    site = await Site.open('console')
    ;({ folder, server, desk } = site)
    page = desk.page
    await importImages(server, folder)
    fleet = await rackMachines(server, MACHINES, TALKING)
    await begin()
  }, 10 * MINUTE)

  afterAll(async () => {
    for (const machine of fleet?.machines ?? []) machine[Symbol.dispose]()
    await site?.[Symbol.asyncDispose]()
  })

  /** In the first rack six are deployed, three are being installed, two have failed. */
  async function begin(): Promise<void> {
    const { machines, ids } = fleet
    await change(server, ids.slice(0, 12), { type: 'assign', image: 'os/web:1' })
    for (const machine of machines.slice(0, 6)) await machine.install(await taskOf(machine))
    for (const [index, machine] of machines.slice(6, 9).entries()) {
      await machine.install(await taskOf(machine), 0.5 + index / 10)
    }
    const digest = await taskOf(machines[9]!)
    await machines[9]!.install(digest, 0.6)
    await machines[9]!.fail(digest, 'DIGEST_MISMATCH', 'verifying layer 4 of 5: got 9bfe, want eaaf', 'import it again')
    const network = await taskOf(machines[10]!)
    await machines[10]!.install(network, 0.3)
    await machines[10]!.fail(network, 'NETWORK', 'fetching layer 3 of 5: connection reset', 'check cable and port')
    await change(server, ids.slice(30, 36), { type: 'assign', image: 'os/db:1' })
  }

  it(
    'is there with less than 300 kB',
    async () => {
      const session = await page.context().newCDPSession(page)
      await session.send('Network.enable')
      // What the page is made of; what it then asks the server depends on the fleet.
      const parts = new Set<string>()
      let bytes = 0
      session.on('Network.requestWillBeSent', ({ requestId, request }) => {
        if (!request.url.includes('/api/')) parts.add(requestId)
      })
      session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
        if (parts.has(requestId)) bytes += encodedDataLength
      })
      await page.goto(`/#token=${server.access.token}`)
      await desk.shown(`of ${MACHINES}`)
      expect(bytes).toBeGreaterThan(FIRST_LOAD_BYTES / 10)
      expect(bytes).toBeLessThan(FIRST_LOAD_BYTES)
    },
    5 * MINUTE,
  )

  it(
    'shows the fleet at a glance, and leads from a reason to its machines',
    async () => {
      await page.goto('/overview')
      await page.getByRole('heading', { name: `${MACHINES} machines` }).waitFor()
      await page.getByRole('link', { name: 'r08', exact: true }).waitFor()
      await desk.look('overview')
      await page.getByRole('img', { name: /^Throughput of the last minutes: now / }).waitFor()
      await page.getByRole('img', { name: /^Installs that ended today: / }).scrollIntoViewIfNeeded()
      await page.getByRole('img', { name: /^Installs that ended in the last two weeks, day by day: / }).waitFor()
      await desk.look('overview-charts')
      await page.getByRole('link', { name: '2 failed' }).click()
      await desk.rowOf('r01-10').getByText('DIGEST_MISMATCH').waitFor()
      await desk.rowOf('r01-11').getByText('NETWORK').waitFor()
    },
    5 * MINUTE,
  )

  it(
    'finds a machine by a part of its serial, and why it failed',
    async () => {
      await page.getByRole('button', { name: 'Clear all filters' }).click()
      await page.getByRole('textbox', { name: /Search/ }).fill('1-00000a')
      await desk.shown('1 - 1 of 1')
      expect(await page.getByRole('row').count()).toBe(2)
      expect(page.url()).toContain('search=1-00000a')
      await page.getByRole('link', { name: 'r01-10' }).click()
      await page.getByText('The last install failed: DIGEST_MISMATCH').waitFor()
      await page.getByText('import it again').first().waitFor()
      await page.getByRole('list', { name: 'Stages' }).waitFor()
      await desk.look('failed')
      await page.goBack()
      await desk.rowOf('r01-10').waitFor()
      expect(page.url()).toContain('search=1-00000a')
    },
    5 * MINUTE,
  )

  it(
    'turns pages, and finds the way back',
    async () => {
      await page.goto('/machines?sort=name&order=asc&label=site%3Dams')
      await desk.rowOf('r01-01').waitFor()
      const next = page.getByRole('button', { name: 'Go to next page' }).first()
      await next.click()
      await desk.rowOf('r02-21').waitFor()
      await desk.shown('51 - 100')
      await next.click()
      await desk.rowOf('r04-30').waitFor()
      await page.getByRole('button', { name: 'Go to previous page' }).first().click()
      await desk.rowOf('r02-21').waitFor()
      await page.reload()
      await desk.rowOf('r02-21').waitFor()
      await page.goBack()
      await desk.rowOf('r04-30').waitFor()
    },
    5 * MINUTE,
  )

  it(
    'keeps a view by a name',
    async () => {
      await page.goto('/machines?state=failed&sort=name&order=asc')
      await page.getByRole('button', { name: 'View: unsaved' }).click()
      await page.getByRole('menuitem', { name: 'Save or remove views' }).click()
      await page.getByRole('textbox', { name: 'Name' }).fill('Broken, by name')
      await page.getByRole('button', { name: 'Save this view' }).click()
      await page.getByRole('button', { name: 'View: Broken, by name' }).waitFor()
      await page.goto('/machines')
      await page.getByRole('button', { name: 'View: All machines' }).click()
      await page.getByRole('menuitem', { name: 'Broken, by name' }).click()
      await desk.rowOf('r01-10').waitFor()
      expect(page.url()).toContain('state=failed&sort=name&order=asc')
    },
    5 * MINUTE,
  )

  it(
    'assigns an image to two hundred machines, and refuses when their number changed meanwhile',
    async () => {
      await page.goto('/machines?state=ready')
      await desk.rowOf('r08-30').waitFor()
      const ready = (await machinesOf(server, 'state=ready&limit=1000')).length
      expect(ready).toBeGreaterThan(200)
      await page.getByRole('button', { name: 'Choose machines' }).click()
      await page.getByRole('menuitem', { name: `Select all ${ready} matching` }).click()
      await desk.look('selected')
      await page.getByRole('button', { name: 'Assign image' }).first().click()
      const dialog = page.getByRole('dialog')
      await dialog.getByRole('combobox', { name: 'Image' }).selectOption('os/web:2')
      await desk.look('assign')
      // Somebody else takes one of them.
      await change(server, [fleet.ids.at(-1)!], { type: 'retire' })
      await dialog.getByRole('button', { name: `Assign to ${ready} machines` }).click()
      await dialog.getByText(/nothing was done: look at the machines again/).waitFor()
      expect(await machinesOf(server, 'image=os%2Fweb%3A2')).toHaveLength(0)
      await dialog.getByRole('button', { name: 'Cancel' }).click()
      await desk.shown(`of ${ready - 1}`)
      await page.getByRole('button', { name: 'Assign image' }).first().click()
      await dialog.getByRole('combobox', { name: 'Image' }).selectOption('os/web:2')
      await dialog.getByRole('button', { name: `Assign to ${ready - 1} machines` }).click()
      await page.getByText(`os/web:2 was assigned to ${ready - 1} machines`).waitFor()
      expect(await machinesOf(server, 'image=os%2Fweb%3A2&state=assigned&limit=1000')).toHaveLength(ready - 1)
    },
    8 * MINUTE,
  )

  it(
    'does the same by keyboard alone: find, choose, label',
    async () => {
      await page.goto('/machines')
      await desk.rowOf('r08-29').waitFor()
      await desk.reach('Search by name, MAC, serial or product')
      await page.keyboard.type('r03-17')
      await desk.shown('1 - 1 of 1')
      await desk.reach('Select r03-17')
      await page.keyboard.press('Space')
      await desk.reach('More actions', 'Shift+Tab')
      await page.keyboard.press('Enter')
      await page.getByRole('menuitem', { name: 'Change labels' }).waitFor()
      await page.keyboard.press('ArrowDown')
      await page.keyboard.press('Enter')
      await page.getByRole('dialog').waitFor()
      await desk.reach('Set')
      await page.keyboard.type('power=feed-b')
      await desk.reach('Change labels')
      await page.keyboard.press('Enter')
      await page.getByText('Labels of 1 machine changed').waitFor()
      const [machine] = await machinesOf(server, 'label=power%3Dfeed-b')
      expect(machine).toMatchObject({ name: 'r03-17', labels: { rack: 'r03', power: 'feed-b' } })
    },
    5 * MINUTE,
  )

  it(
    'shows an install as it goes, from power-on to first boot',
    async () => {
      await page.goto(`/machines/${fleet.ids[7]}`)
      await page.getByRole('heading', { name: 'From power-on to first boot' }).waitFor()
      await page.getByText('93.6 MB of 156 MB', { exact: true }).waitFor()
      await page.getByText('DISK-000008').first().waitFor()
      await desk.look('machine')
      await page.getByText('3 of 5 layers are here').waitFor()
      const machine = fleet.machines[7]!
      await machine.progress(await taskOf(machine), 0.9)
      await page.getByText('4 of 5 layers are here').waitFor()
      await page.getByText('15.6 MB of 31.2 MB').waitFor()
      await page.getByRole('button', { name: 'All 5 layers' }).click()
      const layers = page.getByRole('grid', { name: 'Layers of the image' })
      await layers.getByRole('row').filter({ hasText: 'streaming, 50 %' }).waitFor()
      expect(await layers.getByRole('row').filter({ hasText: 'done' }).count()).toBe(4)
      await layers.scrollIntoViewIfNeeded()
      await desk.look('layers')
      await page.getByRole('button', { name: 'Log', exact: true }).click()
      await page.getByRole('textbox', { name: 'Search the log' }).fill('LAYER 1')
      await page.getByRole('log').getByText('layer 1 of 5').waitFor()
      await page.getByRole('textbox', { name: 'Search the log' }).fill('nothing like it')
      await page.getByText('No line matches.').waitFor()
    },
    5 * MINUTE,
  )

  it(
    'keeps what became of disks and hardware',
    async () => {
      const machine = fleet.machines[11]!
      machine.facts.memoryBytes /= 2
      await machine.register()
      const task = await taskOf(machine)
      await machine.install(task, 0.1)
      const at = new Date().toISOString()
      const report = {
        name: 'vda',
        serial: 'DISK-00000c',
        model: null,
        wwn: null,
        size: 64e9,
        startedAt: at,
        endedAt: at,
      }
      await machine.report(task, [
        {
          type: 'disk-erased',
          report: { ...report, method: 'discard', result: 'failed', detail: 'it has no discard' },
        },
        { type: 'disk-erased', report: { ...report, method: 'overwrite', result: 'erased', detail: 'read back' } },
      ])
      await page.goto(`/machines/${fleet.ids[11]}`)
      const erased = page.getByRole('grid', { name: 'Erased disks' })
      await erased.getByRole('row').filter({ hasText: 'it has no discard' }).getByText('failed').waitFor()
      await erased.getByRole('row').filter({ hasText: 'DISK-00000c' }).getByText('erased').waitFor()
      await erased.scrollIntoViewIfNeeded()
      await desk.look('erased')
      const changes = page.getByRole('grid', { name: 'Changes of the hardware' })
      await changes.getByText(/memory/i).waitFor()
      // Whatever comes first, our styles or those of a table.
      expect(await page.evaluate<string>(WHITE_SPACE_OF_MAC)).toBe('nowrap')
      await changes.scrollIntoViewIfNeeded()
      await desk.look('hardware')
    },
    5 * MINUTE,
  )

  it(
    'fits a phone, in the dark',
    async () => {
      for (const [label, path, text] of [
        ['phone-machines', '/machines?state=failed', 'DIGEST_MISMATCH'],
        ['phone-overview', '/overview', 'Running installs'],
        ['phone-machine', `/machines/${fleet.ids[7]}`, 'From power-on to first boot'],
      ] as const) {
        await page.goto(path)
        await desk.shown(text)
        await desk.lookSmall(label)
      }
    },
    5 * MINUTE,
  )

  it(
    'stays within its card, whatever the font of the system',
    async () => {
      await page.goto('/machines?sort=name&order=asc')
      await desk.rowOf('r01-01').waitFor()
      for (const font of ['system-ui', 'DejaVu Sans']) {
        await page.evaluate(
          `document.documentElement.style.setProperty('--pf-t--global--font--family--100', ${JSON.stringify(font)})`,
        )
        expect(await page.evaluate<number>(BEYOND_ITS_CARD), font).toBeLessThanOrEqual(0)
      }
      await desk.look('machines')
    },
    5 * MINUTE,
  )

  it('had no errors of its own', () => {
    expect(ownErrors(desk.messages)).toEqual([])
  })
})

const WHITE_SPACE_OF_MAC = `getComputedStyle(document.querySelector('table[aria-label="Network interfaces"] [data-label="MAC"]')).whiteSpace`

/** Pixels by which the table is wider than what is around it. In the page, whose types tests do not have. */
const BEYOND_ITS_CARD = `(() => {
  const table = document.querySelector('table[aria-label="Machines"]')
  return Math.ceil(table.getBoundingClientRect().width - table.parentElement.getBoundingClientRect().width)
})()`
