// The inventory as several people and other programs keep it, in a real browser: files in and out, and two who change one machine at a time.

import { readFile } from 'node:fs/promises'
import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { browserUnavailable } from '../e2e/lab/browser.ts'
import { ownErrors } from '../helpers/page-checks.ts'
import { Desk, Site } from './console-desk.ts'
import { machinesOf } from './console-fleet.ts'
import type { Served } from './serve.ts'

const MINUTE = 60_000
const TABLE = `name,macs,label:rack,label:site
web-1,52:54:00:00:00:01,r2,
web-2,52:54:00:00:00:02,r2,ams
web-3,no MAC at all,r2,ams
`
const reason = browserUnavailable()

describe.skipIf(reason !== undefined)(`the inventory${reason === undefined ? '' : ` (skipped: ${reason})`}`, () => {
  let site: Site
  let server: Served
  let desk: Desk
  let page: Page
  let dialog: Locator
  let first: string

  beforeAll(async () => {
    site = await Site.open('console-inventory')
    ;({ server, desk } = site)
    page = desk.page
    const machine = { name: 'web-1', macs: ['52:54:00:00:00:01'], labels: { rack: 'r1', owner: 'ann' } }
    first = ((await (await server.send('POST', '/api/v1/machines', machine)).json()) as { id: string }).id
    dialog = page.getByRole('dialog')
    await page.goto(`/machines#token=${server.access.token}`)
    await desk.rowOf('web-1').waitFor()
  }, 5 * MINUTE)

  afterAll(async () => {
    await site?.[Symbol.asyncDispose]()
  })

  it('takes in a table after showing what would come of each row', { timeout: 5 * MINUTE }, async () => {
    await page.getByRole('button', { name: 'Import and export' }).click()
    await page.getByRole('menuitem', { name: 'Import machines' }).click()
    const chooser = page.waitForEvent('filechooser')
    await dialog.getByRole('button', { name: 'Choose' }).click()
    await (await chooser).setFiles({ name: 'racks.csv', mimeType: 'text/csv', buffer: Buffer.from(TABLE) })
    await dialog.getByText('1 row cannot be imported').waitFor()
    await dialog.getByText('What would come of it: 1 created, 1 changed, 1 refused.').waitFor()
    await dialog.getByRole('row').filter({ hasText: 'web-1' }).getByText('labels.rack: r1 → r2').waitFor()
    expect(await machinesOf(server, 'limit=10')).toHaveLength(1)
    await desk.look('import')
    await desk.lookSmall('phone-import')
    await dialog.getByRole('button', { name: 'Import 2 machines' }).click()
    await page.getByText('Imported: 1 created, 1 changed, 1 refused').waitFor()
    await desk.rowOf('web-2').getByText('rack=r2').waitFor()
    const machines = await machinesOf(server, 'sort=name&order=asc')
    expect(machines.map(({ name, labels }) => [name, labels])).toEqual([
      ['web-1', { rack: 'r2', owner: 'ann' }],
      ['web-2', { rack: 'r2', site: 'ams' }],
    ])
  })

  it('refuses a file that is none, and takes the right format', { timeout: 5 * MINUTE }, async () => {
    await page.getByRole('button', { name: 'Import and export' }).click()
    await page.getByRole('menuitem', { name: 'Import machines' }).click()
    const chooser = page.waitForEvent('filechooser')
    await dialog.getByRole('button', { name: 'Choose' }).click()
    const buffer = Buffer.from('name: web-4\nkind: machine\nmacs: [52:54:00:00:00:04]\n')
    await (await chooser).setFiles({ name: 'site.json', mimeType: 'application/json', buffer })
    await dialog.getByText('Nothing was imported').waitFor()
    expect(await dialog.getByRole('button', { name: 'Import', exact: true }).isDisabled()).toBe(true)
    await dialog.getByRole('combobox', { name: 'Format' }).selectOption('Documents (YAML)')
    await dialog.getByText('What would come of it: 1 created.').waitFor()
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    expect(await machinesOf(server, 'search=web-4')).toEqual([])
  })

  it('hands out what the filter means', { timeout: 5 * MINUTE }, async () => {
    await page.goto('/machines?label=site%3Dams')
    await desk.shown('1 - 1 of 1')
    await page.getByRole('button', { name: 'Import and export' }).click()
    const coming = page.waitForEvent('download')
    await page.getByRole('menuitem', { name: 'Download as CSV' }).click()
    const table = await readFile(await (await coming).path(), 'utf8')
    expect(table).toContain('web-2,52:54:00:00:00:02')
    expect(table).not.toContain('web-1')
  })

  it('does not overwrite unseen what somebody else changed meanwhile', { timeout: 5 * MINUTE }, async () => {
    await edit(first)
    await dialog.getByRole('textbox', { name: 'Name' }).fill('web-01')
    await relabel({ rack: 'r7', owner: 'bob' })
    await dialog.getByText('Somebody else has changed this machine').waitFor()
    await dialog.getByText('rack=r7', { exact: true }).waitFor()
    expect(await dialog.getByRole('button', { name: 'Save' }).isDisabled()).toBe(true)
    await desk.look('conflict')
    await dialog.getByRole('button', { name: 'Begin anew from that' }).click()
    expect(await dialog.getByRole('textbox', { name: 'Labels' }).inputValue()).toBe('rack=r7\nowner=bob')
    await dialog.getByRole('textbox', { name: 'Name' }).fill('web-01')
    await dialog.getByRole('button', { name: 'Save' }).click()
    await dialog.waitFor({ state: 'hidden' })
    await page.getByRole('heading', { name: 'web-01', level: 1 }).waitFor()
    expect(await machineNow()).toMatchObject({ name: 'web-01', labels: { rack: 'r7', owner: 'bob' } })
    expect(desk.refusals).not.toContainEqual(expect.stringMatching(/^412/))
  })

  it('is stopped by the server where it had not heard of the change', { timeout: 5 * MINUTE }, async () => {
    await using deaf = await Desk.at(server.https)
    await deaf.page.route('**/api/v1/events*', (route) => route.abort())
    await deaf.page.goto(`/machines/${first}#token=${server.access.token}`)
    ;({ page } = deaf)
    dialog = page.getByRole('dialog')
    await edit(first)
    await relabel({ rack: 'r8' })
    await dialog.getByRole('textbox', { name: 'Labels' }).fill('rack=r9')
    await dialog.getByRole('button', { name: 'Save' }).click()
    await dialog.getByText('Somebody else has changed this machine').waitFor()
    expect(deaf.refusals).toContain(`412 PATCH /api/v1/machines/${first}`)
    expect(await machineNow()).toMatchObject({ labels: { rack: 'r8' } })
  })

  it('had no errors of its own', () => {
    expect(ownErrors(desk.messages)).toEqual([])
  })

  async function edit(id: string): Promise<void> {
    // Its address may still have the token that lets it in.
    if (new URL(page.url()).pathname !== `/machines/${id}`) await page.goto(`/machines/${id}`)
    await page.getByRole('button', { name: 'More actions' }).click()
    await page.getByRole('menuitem', { name: 'Edit name and labels' }).click()
    await dialog.waitFor()
  }

  /** As somebody else would, elsewhere. */
  async function relabel(labels: Record<string, string>): Promise<void> {
    expect((await server.send('PATCH', `/api/v1/machines/${first}`, { labels })).status).toBe(200)
  }

  async function machineNow(): Promise<unknown> {
    return (await server.api('GET', `/api/v1/machines/${first}`)).json()
  }
})
