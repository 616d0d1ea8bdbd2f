// The checks that every page is held to, against a page of which is known what is wrong with it, and when.

import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { browserUnavailable, openBrowser } from '../e2e/lab/browser.ts'
import { switchTheme, violationsOf } from '../helpers/page-checks.ts'

const ARTEFACTS = resolve(import.meta.dirname, '../../dist/interop/page-checks')
const reason = browserUnavailable()

describe.skipIf(reason !== undefined)(`page checks${reason === undefined ? '' : ` (skipped: ${reason})`}`, () => {
  it('hold against a page what it ends up as, not a colour on its way from one theme to the other', async () => {
    await using browser = await openBrowser({ artefacts: ARTEFACTS })
    await browser.page.setContent(pageWith('rgb(0 80 160)', 'rgb(150 200 255)'))
    for (const colorScheme of ['dark', 'light', 'dark'] as const) {
      await switchTheme(browser.page, colorScheme)
      expect(await violationsOf(browser.page), colorScheme).toEqual([])
    }
  })

  it('name the element at fault and its colours', async () => {
    await using browser = await openBrowser({ artefacts: ARTEFACTS })
    await browser.page.setContent(pageWith('rgb(0 80 160)', 'rgb(40 40 40)'))
    await switchTheme(browser.page, 'dark')
    const [fault, ...others] = await violationsOf(browser.page)
    expect(fault).toMatch(/^color-contrast: <p>Text<\/p>: .*foreground color: #282828, background color: #202020/)
    expect(others).toEqual([])
  })
})

/** Follows the system's theme as the console does: by a class, slowly. For most of the way the text cannot be told from what is behind it. */
function pageWith(light: string, dark: string): string {
  return `<!doctype html><html lang="en"><title>Page</title>
<style>
  .dark { background: rgb(32 32 32); color: white; }
  p { color: ${light}; transition: color 3s ease-in; }
  .dark p { color: ${dark}; }
</style>
<main><h1>Page</h1><p>Text</p></main>
<script>
  const dark = matchMedia('(prefers-color-scheme: dark)')
  dark.addEventListener('change', () => document.documentElement.classList.toggle('dark', dark.matches))
</script></html>`
}
