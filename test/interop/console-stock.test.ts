// What machines can become, in a real browser: the pages of images and of boot media, empty and full.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { browserUnavailable } from '../e2e/lab/browser.ts'
import { ownErrors } from '../helpers/page-checks.ts'
import { writeBootIso } from '../media/synthetic-boot-iso.ts'
import { Site, type Desk } from './console-desk.ts'
import { importImages } from './console-fleet.ts'
import type { Served } from './serve.ts'

const MINUTE = 60_000
const reason = browserUnavailable()

describe.skipIf(reason !== undefined)(`the stock${reason === undefined ? '' : ` (skipped: ${reason})`}`, () => {
  let site: Site
  let folder: string
  let server: Served
  let desk: Desk
  let page: Page

  beforeAll(async () => {
    site = await Site.open('console-stock')
    ;({ folder, server, desk } = site)
    page = desk.page
    await page.goto(`/images#token=${server.access.token}`)
    await page.getByRole('heading', { name: 'No images yet' }).waitFor()
  }, 5 * MINUTE)

  afterAll(async () => {
    await site?.[Symbol.asyncDispose]()
  })

  it('shows images as they come, and what is in them', { timeout: 5 * MINUTE }, async () => {
    await importImages(server, folder)
    await desk.rowOf('os/web:2').first().waitFor()
    await desk.look('images')
    await desk.rowOf('os/web:2').first().getByRole('button', { name: 'Details' }).click()
    await page.getByRole('grid', { name: 'Layers for amd64' }).first().waitFor()
    await desk.look('image')
    await page.getByRole('combobox', { name: 'Compare with' }).selectOption('os/db:1')
    await page.getByRole('heading', { name: 'Labels', level: 3 }).waitFor()
    await desk.look('compared')
    await desk.lookSmall('phone-images')
    await desk.rowOf('os/web:2').first().getByRole('button', { name: 'Details' }).click()
    await page.getByRole('combobox', { name: 'Compare with' }).waitFor({ state: 'detached' })
  })

  it('says why an image could not be pulled', { timeout: 5 * MINUTE }, async () => {
    await page.getByRole('button', { name: 'Pull image' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('textbox', { name: 'Reference' }).fill('127.0.0.1:1/os/web:3')
    await dialog.getByRole('button', { name: 'Pull', exact: true }).click()
    await dialog.getByText('The image was not pulled').waitFor()
    await desk.look('pull-failed')
    await dialog.getByRole('button', { name: 'Cancel' }).click()
  })

  it('takes in a bundle, all of it or nothing', { timeout: 5 * MINUTE }, async () => {
    const bundle = join(folder, 'bundle.tar')
    await writeFile(bundle, await (await server.api('GET', '/api/v1/bundles/export')).bytes())
    const { code, stderr } = await server.cli('image', 'delete', 'os/db:1')
    expect(code, stderr).toBe(0)
    await desk.rowOf('os/db:1').first().waitFor({ state: 'detached' })

    await page.getByRole('button', { name: 'Import bundle' }).click()
    const dialog = page.getByRole('dialog')
    const file = dialog.locator('input[type=file]')
    const broken = { name: 'broken.tar', mimeType: 'application/x-tar', buffer: Buffer.alloc(2048, 1) }
    await file.setInputFiles(broken)
    await dialog.getByRole('button', { name: 'Import', exact: true }).click()
    await dialog.getByText('Nothing was imported').waitFor()
    await file.setInputFiles(bundle)
    await desk.look('import-bundle')
    await dialog.getByRole('button', { name: 'Import', exact: true }).click()
    await page.getByText(/Imported: .*os\/db:1/).waitFor()
    await desk.rowOf('os/db:1').first().waitFor()
  })

  it('shows boot media as they come', { timeout: 5 * MINUTE }, async () => {
    await page.getByRole('link', { name: 'Boot media' }).click()
    await page.getByRole('heading', { name: 'No boot media yet' }).waitFor()
    const iso = join(folder, 'boot.iso')
    await writeBootIso(iso)
    const { code, stderr } = await server.cli('media', 'import', iso)
    expect(code, stderr).toBe(0)
    await desk.rowOf('Fedora 43 (x86_64)').waitFor()
    await desk.look('media')
    await desk.lookSmall('phone-media')
  })

  it('had no errors of its own', () => {
    expect(ownErrors(desk.messages)).toEqual([])
  })
})
