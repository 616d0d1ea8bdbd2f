// The web page as a person uses it: by the names things have on the screen.

import type { Page } from 'playwright-core'
import type { BrowserPage } from './lab/browser.ts'

export interface AssignInput {
  /** Name or MAC, as in the machine's row. */
  machine: string
  image: string
  hostname: string
  sshKey: string
}

/** Selects the machine in the inventory and assigns the image to it in the dialog; resolves after the confirming click. */
export async function assignInBrowser({ page, screenshot }: BrowserPage, input: AssignInput): Promise<void> {
  const row = page.getByRole('row').filter({ hasText: input.machine })
  await row.waitFor()
  await screenshot('inventory')
  await row.getByRole('checkbox').check()
  await page.getByRole('button', { name: 'Assign image' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('combobox', { name: 'Image' }).selectOption(input.image)
  await dialog.getByRole('textbox', { name: 'Hostname' }).fill(input.hostname)
  await dialog.getByRole('button', { name: 'Options' }).click()
  await dialog.getByRole('textbox', { name: /SSH key/i }).fill(input.sshKey)
  await screenshot('assign')
  await dialog.getByRole('button', { name: 'Assign to 1 machine' }).click()
}

/** Opens the machine's page by its row in the inventory. */
export async function machineInBrowser({ page }: BrowserPage, machine: string): Promise<Page> {
  const row = page.getByRole('row').filter({ hasText: machine })
  await row.getByRole('link').first().click()
  return page
}
