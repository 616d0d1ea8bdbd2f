// Chromium at the lab's web pages: Debian's browser, driven by playwright-core.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { chromium, type Page } from 'playwright-core'
import { atRest } from '../../helpers/page-checks.ts'
import { LabError } from './errors.ts'

const EXECUTABLE = '/usr/bin/chromium'

/** Why no browser can be started here, or undefined when one can. */
export function browserUnavailable(): string | undefined {
  return existsSync(EXECUTABLE) ? undefined : `browser tests need ${EXECUTABLE} (Debian package chromium)`
}

/** One page in a browser of its own. */
export interface BrowserPage extends AsyncDisposable {
  page: Page
  /** What the page's console and its uncaught errors said. */
  messages: string[]
  /** Saves the page at rest, as a person sees it, among the artefacts; resolves with the path. */
  screenshot(label: string): Promise<string>
}

export interface BrowserOptions {
  artefacts: string
  /** Prefix of relative addresses in `page.goto`. */
  baseURL?: string
  width?: number
  height?: number
}

/** Starts a headless browser that accepts the lab's own certificates. Disposing it closes the browser. */
export async function openBrowser({
  artefacts,
  baseURL,
  width = 1440,
  height = 900,
}: BrowserOptions): Promise<BrowserPage> {
  const reason = browserUnavailable()
  if (reason !== undefined) throw new LabError('UNAVAILABLE', reason)
  // Chromium refuses its sandbox to root.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  const browser = await chromium.launch({ executablePath: EXECUTABLE, args })
  const context = await browser.newContext({
    ignoreHTTPSErrors: true,
    viewport: { width, height },
    ...(baseURL !== undefined && { baseURL }),
  })
  const page = await context.newPage()
  const messages: string[] = []
  page.on('console', (message) => messages.push(`${message.type()}: ${message.text()}`))
  page.on('pageerror', (error) => messages.push(`uncaught: ${error.message}`))
  return {
    page,
    messages,
    async screenshot(label) {
      const path = join(artefacts, `page-${label}.png`)
      await atRest(page)
      await page.screenshot({ path })
      return path
    },
    [Symbol.asyncDispose]: () => browser.close(),
  }
}
