// The web page in a real browser, against the real server: what it shows, that it stays live, and that everybody can use it.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildBootAssets } from '../../boot-assets/build.ts'
import type { InstallTask } from '../../server/contract/agent.ts'
import { ownErrors, violationsOf } from '../helpers/page-checks.ts'
import { PretendMachine } from '../helpers/pretend-machine.ts'
import { writeTinyImage } from '../images/tiny-image.ts'
import { writeBootIso } from '../media/synthetic-boot-iso.ts'
import { serve, type Served } from '../interop/serve.ts'
import { browserUnavailable, openBrowser, type BrowserPage } from './lab/browser.ts'

const ARTEFACTS = resolve(import.meta.dirname, '../../dist/e2e/web')
const IMAGE = 'os/tiny:1'
const reason = browserUnavailable()

describe.skipIf(reason !== undefined)(`the web page${reason === undefined ? '' : ` (skipped: ${reason})`}`, () => {
  let folder: string
  let server: Served
  let browser: BrowserPage
  let page: Page
  const machines: PretendMachine[] = []
  const ids: string[] = []

  beforeAll(async () => {
    await buildBootAssets({ log: console.log })
    folder = await mkdtemp(join(tmpdir(), 'landfall-web-'))
    server = await serve(join(folder, 'data'))
    await writeTinyImage(join(folder, 'tiny'), { labels: { 'containers.bootc': '1' } })
    browser = await openBrowser({ artefacts: ARTEFACTS, baseURL: server.https })
    page = browser.page
    page.setDefaultTimeout(60_000)
  }, 600_000)

  afterAll(async () => {
    await browser?.[Symbol.asyncDispose]()
    await server?.[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  it('asks strangers for a token, and says when it is wrong', async () => {
    await page.goto('/machines')
    await page.getByRole('heading', { name: 'Log in to Landfall' }).waitFor()
    await expectAccessible('login')
    await page.getByRole('button', { name: 'Use a token' }).click()
    await page.getByRole('textbox', { name: 'Token' }).fill('lfa_wrong')
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByText('Login refused').waitFor()
  })

  it('lets the first link in once, and hides its secret', async () => {
    const [link] = /https:\S+#token=\S+/.exec(server.output)!
    await page.goto(`/#${link.split('#')[1]}`)
    await page.getByRole('heading', { name: 'No machines yet' }).waitFor()
    expect(page.url()).not.toContain('token')
    await expectAccessible('empty')
    const again = await server.send('POST', '/api/v1/login', { token: link.split('token=')[1] })
    expect(again.status).toBe(401)
  })

  it('shows machines the moment they appear', async () => {
    for (let n = 1; n <= 4; n++) {
      const machine = new PretendMachine({ http: server.http, https: server.https, ca: server.access.ca }, n)
      machines.push(machine)
      ids.push(await machine.register())
    }
    for (const { mac } of machines) await rowOf(mac).waitFor()
    await expectAccessible('inventory')
  })

  it('says what is missing when there is no image, and lists images that come in', async () => {
    await rowOf(machines[0]!.mac).getByRole('checkbox').check()
    await page.getByRole('button', { name: 'Assign image' }).click()
    await page.getByText('There is no bootable image in the store yet').waitFor()
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByRole('link', { name: 'Images' }).click()
    await page.getByRole('heading', { name: 'No images yet' }).waitFor()
    expect((await server.cli('image', 'import', join(folder, 'tiny'), '--as', 'os/tiny')).code).toBe(0)
    await page.getByText(IMAGE).waitFor()
    await expectAccessible('images')
  })

  it('lists boot media that come in, and removes one after a question', async () => {
    await page.getByRole('link', { name: 'Boot media' }).click()
    await page.getByRole('heading', { name: 'No boot media yet' }).waitFor()
    await page.getByText('landfall media import boot.iso').waitFor()
    await expectAccessible('no-media')
    const iso = join(folder, 'fedora.iso')
    await writeBootIso(iso)
    expect((await server.cli('media', 'import', iso)).code).toBe(0)
    const row = rowOf('Fedora 43 (x86_64)')
    for (const text of ['F43', 'amd64', 'verified']) await row.getByText(text, { exact: true }).waitFor()
    await row.getByRole('button', { name: 'Details' }).click()
    await page.getByText('images/install.img').waitFor()
    await expectAccessible('media')
    await page.getByRole('button', { name: 'Remove Fedora 43 (x86_64)' }).click()
    await expectAccessible('remove-media')
    await page.getByRole('dialog').getByRole('button', { name: 'Remove', exact: true }).click()
    await page.getByRole('heading', { name: 'No boot media yet' }).waitFor()
  })

  it('assigns an image to several machines with a few clicks', async () => {
    await page.getByRole('link', { name: 'Machines', exact: true }).click()
    for (const { mac } of machines.slice(0, 3)) await rowOf(mac).getByRole('checkbox').check()
    await page.getByRole('button', { name: 'Assign image' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('combobox', { name: 'Image' }).selectOption(IMAGE)
    await expectAccessible('assign')
    await dialog.getByRole('button', { name: 'Assign to 3 machines' }).click()
    await dialog.waitFor({ state: 'hidden' })
    for (const { mac } of machines.slice(0, 3)) await rowOf(mac).getByText('assigned').waitFor()
    await rowOf(machines[3]!.mac).getByText('ready').waitFor()
  })

  it('follows an install live, and shows the same after a reload', async () => {
    const [machine] = machines
    await page.goto(`/machines/${ids[0]}`)
    await machine!.install(await taskOf(machine!), 0.43)
    await page.getByText('67.1 MB of 156 MB', { exact: true }).waitFor()
    await page.getByText(/will be lost/).waitFor()
    await expectAccessible('installing')
    await page.reload()
    await page.getByText('67.1 MB of 156 MB', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Log', exact: true }).click()
    await page.getByRole('log').getByText('layer 1 of 5').waitFor()
  })

  it('shows a deployed machine with its own word for it', async () => {
    await page.goto(`/machines/${ids[1]}`)
    await machines[1]!.install(await taskOf(machines[1]!))
    await page.getByText('as wanted, by its own word').waitFor()
    await expectAccessible('deployed')
  })

  it('shows why an install failed, and what to do', async () => {
    const task = await taskOf(machines[2]!)
    await machines[2]!.install(task, 0.6)
    await machines[2]!.fail(task, 'DIGEST_MISMATCH', 'verifying blob: got 9bfe, want eaaf', 'import the image again')
    await page.goto('/machines')
    await rowOf(machines[2]!.mac).getByText('DIGEST_MISMATCH').waitFor()
    await page.goto(`/machines/${ids[2]}`)
    await page.getByText('The last install failed: DIGEST_MISMATCH').waitFor()
    await page.getByText('import the image again').first().waitFor()
    await expectAccessible('failed')
  })

  it('finds, filters and keeps it in the address', async () => {
    await page.goto('/machines?state=failed')
    await rowOf(machines[2]!.mac).waitFor()
    expect(await page.getByRole('row').count()).toBe(2)
    await page.getByRole('button', { name: 'Clear all filters' }).click()
    await page.getByRole('textbox', { name: /Search/ }).fill(machines[3]!.mac)
    await rowOf(machines[0]!.mac).waitFor({ state: 'detached' })
    expect(page.url()).toContain('search=')
    await page.reload()
    await rowOf(machines[3]!.mac).waitFor()
    expect(await page.getByRole('row').count()).toBe(2)
  })

  it('adds a machine by hand, and refuses what is no MAC with the reason', async () => {
    await page.goto('/machines')
    await page.getByRole('button', { name: 'Add machine' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('textbox', { name: 'MAC address' }).fill('nonsense')
    await dialog.getByRole('button', { name: 'Add' }).click()
    await dialog.getByText(/must be a MAC address/).waitFor()
    await dialog.getByRole('textbox', { name: 'MAC address' }).fill('52-54-00-00-00-99')
    await dialog.getByRole('textbox', { name: 'Name' }).fill('web-09')
    await dialog.getByRole('button', { name: 'Add' }).click()
    await rowOf('web-09').getByText('52:54:00:00:00:99').waitFor()
  })

  it('assigns an image for Anaconda to install, and shows the kickstart it would get', async () => {
    expect((await server.cli('media', 'import', join(folder, 'fedora.iso'))).code).toBe(0)
    await page.goto('/machines')
    await rowOf('web-09').getByRole('checkbox').check()
    await page.getByRole('button', { name: 'Assign image' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('combobox', { name: 'Image' }).selectOption(IMAGE)
    await dialog.getByRole('button', { name: 'Options' }).click()
    await dialog.getByRole('combobox', { name: 'Installer' }).selectOption('Anaconda of Fedora 43 (x86_64)')
    await expectAccessible('assign-anaconda')
    await dialog.getByRole('button', { name: 'Assign to 1 machine' }).click()
    await dialog.waitFor({ state: 'hidden' })
    await page.getByRole('link', { name: 'web-09' }).click()
    await page.getByRole('button', { name: 'Show what Anaconda would be given' }).click()
    await page.getByText('ostreecontainer --url=').waitFor()
    await expectAccessible('kickstart')
    await page.goto('/machines')
    await rowOf('web-09').getByText('assigned').waitFor()
  })

  it('says when the server is gone, and recovers by itself', async () => {
    const { dataDir, ports } = server
    await server.end('SIGKILL')
    await page.getByText(/connection to the server is lost/).waitFor()
    await browser.screenshot('lost')
    server = await serve(dataDir, { ports })
    await page.getByText(/connection to the server is lost/).waitFor({ state: 'hidden', timeout: 30_000 })
    await server.send('POST', '/api/v1/machines', { macs: ['52:54:00:00:00:98'], name: 'after' })
    await rowOf('after').waitFor()
  })

  it('leads to the login when the session ended elsewhere', async () => {
    await page.request.post('/api/v1/logout', { headers: { origin: server.https } })
    await page.getByRole('link', { name: 'Images' }).click()
    await page.getByRole('heading', { name: 'Log in to Landfall' }).waitFor()
    await page.getByRole('button', { name: 'Use a token' }).click()
    await page.getByRole('textbox', { name: 'Token' }).fill(server.access.token)
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByRole('heading', { name: 'Images', exact: true }).waitFor()
    await page.getByText(IMAGE).waitFor()
    expect(await page.title()).toBe('Images · Landfall')
  })

  it('logs out', async () => {
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.getByRole('heading', { name: 'Log in to Landfall' }).waitFor()
  })

  it('had no errors of its own', () => {
    expect(ownErrors(browser.messages)).toEqual([])
  })

  function rowOf(text: string) {
    return page.getByRole('row').filter({ hasText: text })
  }

  async function taskOf(machine: PretendMachine): Promise<InstallTask> {
    const task = await machine.task(5)
    if (task.type !== 'install') throw new Error(`${machine.mac} was told to ${task.type}`)
    return task
  }

  /** Saves the picture, and holds the page against the rules of axe. */
  async function expectAccessible(label: string): Promise<void> {
    await browser.screenshot(label)
    expect(await violationsOf(page), label).toEqual([])
  }
})
