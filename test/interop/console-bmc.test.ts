// A machine's screen on its page, in a real browser: the screen is that of a real virtual machine with its firmware, the management controller
// between them one of the tests.

import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Duplex, type Readable, type Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { qemuPackage } from '../../boot-assets/qemu/package.ts'
import { activeAddresses } from '../../server/host/addresses.ts'
import { browserUnavailable } from '../e2e/lab/browser.ts'
import { openQmp, type Qmp } from '../e2e/lab/qmp.ts'
import { LOGIN, startController, type Controller } from '../helpers/controller.ts'
import { ownErrors } from '../helpers/page-checks.ts'
import { Site, type Desk } from './console-desk.ts'
import { landfall, type Served } from './serve.ts'

const MINUTE = 60_000
/** Of text that SeaBIOS writes; a screen with nothing on it takes less. */
const WRITTEN_BYTES = 1_500
/** Of VGA's text mode. */
const SCREEN = { width: 720, height: 400 }
// The server connects to no controller on loopback.
const address = activeAddresses().find(({ internal }) => !internal)?.address
const reason = browserUnavailable() ?? (address === undefined ? 'the host has no address beside loopback' : undefined)

describe.skipIf(reason !== undefined)(
  `the console of a machine${reason === undefined ? '' : ` (skipped: ${reason})`}`,
  () => {
    let site: Site
    let server: Served
    let desk: Desk
    let page: Page
    let card: Locator
    let vm: ChildProcessByStdio<Writable, Readable, null>
    let qmp: Qmp
    let controller: Controller
    let isOff = false

    beforeAll(async () => {
      site = await Site.open('console-bmc')
      ;({ server, desk } = site)
      page = desk.page
      vm = await startMachine()
      qmp = await openQmp(Duplex.from({ readable: vm.stdout, writable: vm.stdin }))
      const screen = () => screenOf(qmp, site.folder)
      while ((await screen()).length < WRITTEN_BYTES) await sleep(100)
      controller = await startController({ address: address!, picture: screen, isOff: () => isOff })
      const machine = { name: 'r01-01', macs: ['52:54:00:00:00:01'] }
      const { id } = (await (await server.send('POST', '/api/v1/machines', machine)).json()) as { id: string }
      await page.goto(`/machines/${id}#token=${server.access.token}`)
      card = page.locator('.pf-v6-c-card').filter({ has: page.getByRole('heading', { name: 'Console', exact: true }) })
      await card.getByText('No management controller is set').waitFor()
    }, 5 * MINUTE)

    afterAll(async () => {
      vm?.kill('SIGKILL')
      await controller?.[Symbol.asyncDispose]()
      await site?.[Symbol.asyncDispose]()
    })

    /** At the card, which is elsewhere on a page that is narrower. */
    async function lookSmallAt(label: string): Promise<void> {
      const before = page.viewportSize()!
      await page.setViewportSize({ width: 390, height: 844 })
      await card.scrollIntoViewIfNeeded()
      const edge = await rightOf(card)
      for (const control of await card.getByRole('button').or(card.getByRole('link')).all()) {
        expect(await rightOf(control), await control.innerText()).toBeLessThan(edge)
      }
      await desk.lookSmall(label)
      await page.setViewportSize(before)
      await card.scrollIntoViewIfNeeded()
    }

    it('is told where the controller is, by keyboard alone', { timeout: 5 * MINUTE }, async () => {
      await desk.reach('Set the controller')
      await page.keyboard.press('Enter')
      await page.getByRole('dialog', { name: 'Controller of r01-01' }).waitFor()
      await desk.reach('Address\u00a0*')
      await page.keyboard.press('Control+A')
      await page.keyboard.type(controller.url)
      await desk.reach('User\u00a0*')
      await page.keyboard.type(LOGIN.user)
      await desk.reach('Password\u00a0*')
      await page.keyboard.type(LOGIN.password)
      await desk.look('controller')
      await desk.lookSmall('phone-controller')
      await page.keyboard.press('Enter')
      await card.getByRole('button', { name: 'Take a picture' }).waitFor()
      expect(await card.getByRole('link', { name: 'Page of the controller' }).getAttribute('href')).toBe(controller.url)
    })

    it('asks whether the certificate is right before it tells anything', { timeout: 5 * MINUTE }, async () => {
      await desk.reach('Take a picture')
      await page.keyboard.press('Enter')
      await card.getByRole('heading', { name: /Is this the controller/ }).waitFor()
      await card.getByText(controller.fingerprint).waitFor()
      expect(controller.asked).toEqual([])
      await card.scrollIntoViewIfNeeded()
      await desk.look('controller-certificate')
      await lookSmallAt('phone-controller-certificate')
      await card.getByRole('button', { name: 'It is: trust this certificate' }).click()
      await card.getByRole('img', { name: /^Console of r01-01 at / }).waitFor()
    })

    it('shows the screen as the machine has it', { timeout: 5 * MINUTE }, async () => {
      const picture = card.getByRole('img', { name: /^Console of r01-01 at / })
      const [width, height] = await page.evaluate<number[]>(SIZE_OF_SCREEN)
      expect({ width, height }).toEqual(SCREEN)
      const shown = Buffer.from((await picture.getAttribute('src'))!.replace('data:image/png;base64,', ''), 'base64')
      expect(shown.length).toBeGreaterThan(WRITTEN_BYTES)
      await card.getByText(/^Taken/).waitFor()
      await card.scrollIntoViewIfNeeded()
      await desk.look('screen')
      await lookSmallAt('phone-screen')
      expect(controller.sessions.size).toBe(0)
    })

    it('comes to the command line, too', { timeout: 5 * MINUTE }, async () => {
      const file = join(site.folder, 'screen.png')
      expect(await server.cli('machine', 'screenshot', 'r01-01', file)).toMatchObject({ code: 0 })
      const picture = await readFile(file)
      // IHDR: ISO/IEC 15948 section 11.2.2.
      expect({ width: picture.readUInt32BE(16), height: picture.readUInt32BE(20) }).toEqual(SCREEN)
      const shown = await server.cli('machine', 'show', 'r01-01', '-o', 'json')
      expect(JSON.parse(shown.stdout)).toMatchObject({
        bmc: { url: controller.url, user: LOGIN.user, certificate: controller.fingerprint },
      })
      expect(shown.stdout + server.output).not.toContain(LOGIN.password)
      const { url, fingerprint } = controller
      const bmc = (...args: string[]) => ['--data-dir', server.dataDir, 'machine', 'bmc', ...args]
      const set = bmc('set', 'r01-01', '--url', url, '--user', LOGIN.user, '--certificate', fingerprint)
      expect(await server.cli('machine', 'bmc', 'remove', 'r01-01')).toMatchObject({ code: 0 })
      expect(await server.cli('machine', 'screenshot', 'r01-01', file)).toMatchObject({ code: 1 })
      expect(await landfall(set, {}, `${LOGIN.password}\n`)).toMatchObject({ code: 0 })
      expect(await server.cli('machine', 'screenshot', 'r01-01', file)).toMatchObject({ code: 0 })
    })

    it('says why there is no picture', { timeout: 5 * MINUTE }, async () => {
      isOff = true
      await card.getByRole('button', { name: 'Take a picture' }).click()
      await card.getByText('the machine is switched off').waitFor()
      expect(await card.getByRole('img').count()).toBe(0)
      await card.scrollIntoViewIfNeeded()
      await desk.look('no-picture')
      expect(ownErrors(desk.messages)).toEqual([])
    })
  },
)

/** In the page, whose types tests do not have. */
const SIZE_OF_SCREEN = `(async () => {
  const screen = document.querySelector('.lf-screen')
  await screen.decode()
  return [screen.naturalWidth, screen.naturalHeight]
})()`

/** With a BIOS and nothing to boot, which it says. QMP is its standard input and output. */
async function startMachine(): Promise<ChildProcessByStdio<Writable, Readable, null>> {
  const qemu = await qemuPackage(console.log)
  const options = ['-nodefaults', '-display', 'none', '-device', 'VGA', '-m', '32', '-qmp', 'stdio']
  const [command, ...args] = [...qemu.command('qemu-system-x86_64'), ...options]
  return spawn(command!, args, { env: { ...process.env, ...qemu.env }, stdio: ['pipe', 'pipe', 'inherit'] })
}

async function rightOf(part: Locator): Promise<number> {
  const { x, width } = (await part.boundingBox())!
  return x + width
}

async function screenOf(qmp: Qmp, folder: string): Promise<Buffer> {
  const filename = join(folder, 'screen-of-vm.png')
  await qmp.execute('screendump', { filename, format: 'png' })
  return readFile(filename)
}
