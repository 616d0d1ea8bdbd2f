// Somebody at the console: a browser, the hands and eyes of whoever sits there, and what every page has to hold to.

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Locator, Page } from 'playwright-core'
import { expect } from 'vitest'
import { buildWeb } from '../../boot-assets/build.ts'
import { openBrowser, type BrowserPage } from '../e2e/lab/browser.ts'
import { switchTheme, violationsOf } from '../helpers/page-checks.ts'
import { serve, type Served } from './serve.ts'

const PAGE = resolve(import.meta.dirname, '../../docs/explanation/console.md')
const PICTURES = resolve(import.meta.dirname, '../../docs/explanation/console')
const ARTEFACTS = resolve(import.meta.dirname, '../../dist/interop/console')
/** Only ends what hangs. */
const PATIENCE_MS = 120_000

/** A browser at the server. With LANDFALL_SCREENSHOTS=1 it keeps the pictures that the documentation shows. Disposing it closes the browser. */
export class Desk implements AsyncDisposable {
  readonly page: Page
  /** What the page's console and its uncaught errors said. */
  readonly messages: readonly string[]
  /** Answers from 400 on: `404 GET /api/v1/...`. */
  readonly refusals: string[] = []
  readonly #browser: BrowserPage

  private constructor(browser: BrowserPage) {
    this.#browser = browser
    this.page = browser.page
    this.messages = browser.messages
    this.page.setDefaultTimeout(PATIENCE_MS)
    this.page.on('response', (answer) => {
      const { pathname } = new URL(answer.url())
      if (answer.status() >= 400) this.refusals.push(`${answer.status()} ${answer.request().method()} ${pathname}`)
    })
  }

  static async at(server: string): Promise<Desk> {
    return new Desk(await openBrowser({ artefacts: ARTEFACTS, baseURL: server }))
  }

  rowOf(text: string): Locator {
    return this.page.getByRole('row').filter({ hasText: text })
  }

  /** Resolves when the text can be seen; parts of the page that are for other screens have it too. */
  async shown(text: string): Promise<void> {
    await this.page.getByText(text).filter({ visible: true }).first().waitFor()
  }

  /** Goes from one thing to the next until the focus is on what has this name. */
  async reach(name: string, key = 'Tab'): Promise<void> {
    const passed: string[] = []
    while (passed.length < 80) {
      await this.page.keyboard.press(key)
      const focus = await this.page.evaluate<string>(NAME_OF_FOCUS)
      if (focus === name) return
      passed.push(focus)
    }
    throw new Error(`${name} cannot be reached with ${key}, only ${passed.join(', ')}`)
  }

  /** Keeps the picture, and holds the page against the rules of axe. */
  async look(label: string): Promise<void> {
    await this.#browser.screenshot(label)
    if (process.env['LANDFALL_SCREENSHOTS'] === '1') await keepPicture(this.page, label)
    expect(await violationsOf(this.page), label).toEqual([])
  }

  /** In the dark, at this width, nothing reaches beyond the edge. */
  async lookSmall(label: string, width = 390): Promise<void> {
    const before = this.page.viewportSize()!
    // A page hears of its new size before it hears of the theme.
    await this.page.setViewportSize({ width, height: 844 })
    await switchTheme(this.page, 'dark')
    await this.look(label)
    expect(await this.page.evaluate<number>('document.documentElement.scrollWidth'), label).toBeLessThanOrEqual(width)
    await switchTheme(this.page, 'light')
    await this.page.setViewportSize(before)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser[Symbol.asyncDispose]()
  }
}

/** An empty server with a desk at it, for the tests of a file. Disposing it ends both. */
export class Site implements AsyncDisposable {
  /** For files of the tests; the server's are in it, too. */
  readonly folder: string
  readonly server: Served
  readonly desk: Desk
  readonly #parts: AsyncDisposableStack

  private constructor(folder: string, server: Served, desk: Desk, parts: AsyncDisposableStack) {
    this.folder = folder
    this.server = server
    this.desk = desk
    this.#parts = parts
  }

  /** `name` is for the folder, `flags` for the server. */
  static async open(name: string, flags: readonly string[] = []): Promise<Site> {
    await buildWeb(console.log)
    await using parts = new AsyncDisposableStack()
    const folder = await mkdtemp(join(tmpdir(), `landfall-${name}-`))
    parts.defer(() => rm(folder, { recursive: true, force: true }))
    const server = parts.use(await serve(join(folder, 'data'), { flags }))
    const desk = parts.use(await Desk.at(server.https))
    return new Site(folder, server, desk, parts.move())
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#parts.disposeAsync()
  }
}

/** As a screen reader would say it. In the page, whose types tests do not have. */
const NAME_OF_FOCUS = `(() => {
  const focus = document.activeElement
  return (focus.getAttribute('aria-label') ?? focus.labels?.[0]?.textContent ?? focus.textContent).trim()
})()`

/** If docs/explanation/console.md shows it. As WebP, which is a third of a PNG; by the browser, as nothing else here can make it. */
async function keepPicture(page: Page, label: string): Promise<void> {
  if (!(await readFile(PAGE, 'utf8')).includes(`(console/${label}.webp)`)) return
  const png = (await page.screenshot()).toString('base64')
  const blank = await page.context().newPage()
  const webp = await blank.evaluate<string>(`(async () => {
    const image = new Image()
    image.src = 'data:image/png;base64,${png}'
    await image.decode()
    const canvas = new OffscreenCanvas(image.width, image.height)
    canvas.getContext('2d').drawImage(image, 0, 0)
    const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: 'image/webp', quality: 0.8 })).arrayBuffer())
    return bytes.toBase64()
  })()`)
  await blank.close()
  await mkdir(PICTURES, { recursive: true })
  await writeFile(join(PICTURES, `${label}.webp`), Buffer.from(webp, 'base64'))
}
