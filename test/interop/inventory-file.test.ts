// An inventory kept elsewhere, taken in by the page: what each row would do is shown before anything is done.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, it } from 'vitest'
import { buildWeb } from '../../boot-assets/build.ts'
import { browserUnavailable, openBrowser } from '../e2e/lab/browser.ts'
import { ownErrors, violationsOf } from '../helpers/page-checks.ts'
import { machinesOf } from './console-fleet.ts'
import { serve } from './serve.ts'

const ARTEFACTS = resolve(import.meta.dirname, '../../dist/interop/inventory-file')
const MINUTE = 60_000
const RACKS = `name,macs,label:rack
web-1,52:54:00:00:00:01,r1
web-2,nonsense,r1
web-3,52:54:00:00:00:03,r1
`
const reason = browserUnavailable()

it.skipIf(reason !== undefined)(
  `imports machines, and hands them out again${reason === undefined ? '' : ` (skipped: ${reason})`}`,
  async () => {
    await buildWeb(console.log)
    const folder = await mkdtemp(join(tmpdir(), 'landfall-inventory-file-'))
    try {
      await using server = await serve(join(folder, 'data'))
      await server.send('POST', '/api/v1/machines', { macs: ['52:54:00:00:00:01'], name: 'web-1' })
      await using browser = await openBrowser({ artefacts: ARTEFACTS, baseURL: server.https })
      const { page } = browser
      page.setDefaultTimeout(2 * MINUTE)
      await page.goto(`/machines#token=${server.access.token}`)
      await page.getByRole('link', { name: 'web-1' }).waitFor()
      await page.getByRole('button', { name: 'Import and export' }).click()
      await page.getByRole('menuitem', { name: 'Import machines' }).click()
      const dialog = page.getByRole('dialog', { name: 'Import machines' })
      const file = { name: 'racks.csv', mimeType: 'text/csv', buffer: Buffer.from(RACKS) }
      await dialog.locator('input[type=file]').setInputFiles(file)
      await dialog.getByText('What would come of it: 1 created, 1 changed, 1 refused.').waitFor()
      await dialog.getByRole('row').filter({ hasText: 'macs.0: must be a MAC address' }).waitFor()
      await browser.screenshot('import')
      expect(await violationsOf(page)).toEqual([])
      expect(await machinesOf(server, 'label=rack%3Dr1')).toEqual([])
      await dialog.getByRole('button', { name: 'Import 2 machines' }).click()
      await page.getByText('Imported: 1 created, 1 changed, 1 refused').waitFor()
      expect((await machinesOf(server, 'label=rack%3Dr1')).map(({ name }) => name)).toEqual(['web-1', 'web-3'])
      await page.getByRole('button', { name: 'Import and export' }).click()
      const download = page.waitForEvent('download')
      await page.getByRole('menuitem', { name: 'Download as CSV' }).click()
      expect((await download).suggestedFilename()).toBe('machines.csv')
      expect(ownErrors(browser.messages)).toEqual([])
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
  12 * MINUTE,
)
