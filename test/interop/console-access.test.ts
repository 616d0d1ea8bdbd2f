// Who may come in, seen to in a real browser: adding a user who then logs in, making and revoking a token,
// what webhooks were told, what the audit trail tells of it all.

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { browserUnavailable } from '../e2e/lab/browser.ts'
import { ownErrors } from '../helpers/page-checks.ts'
import { PretendMachine } from '../helpers/pretend-machine.ts'
import { Desk, Site } from './console-desk.ts'
import { change, importImages, taskOf } from './console-fleet.ts'
import type { Served } from './serve.ts'

const PASSWORD = 'correct horse battery'
const MINUTE = 60_000
const reason = browserUnavailable()

describe.skipIf(reason !== undefined)(`access${reason === undefined ? '' : ` (skipped: ${reason})`}`, () => {
  let site: Site
  let folder: string
  let server: Served
  let desk: Desk
  let page: Page

  beforeAll(async () => {
    site = await Site.open('console-access')
    ;({ folder, server, desk } = site)
    page = desk.page
    await page.goto(`/#token=${server.access.token}`)
    await page.getByRole('heading', { name: 'No machines yet' }).waitFor()
  }, 5 * MINUTE)

  afterAll(async () => {
    await site?.[Symbol.asyncDispose]()
  })

  it('adds a user, who logs in and sees what a viewer may', { timeout: 5 * MINUTE }, async () => {
    await page.getByRole('link', { name: 'Access' }).click()
    await page.getByRole('button', { name: 'Add a user' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('textbox', { name: 'Name' }).fill('ann')
    await dialog.getByLabel('Password').fill('too short')
    expect(await dialog.getByRole('button', { name: 'Add' }).isDisabled()).toBe(true)
    await dialog.getByLabel('Password').fill(PASSWORD)
    await dialog.getByRole('textbox', { name: 'Only machines with these labels' }).fill('rack=r1')
    await desk.look('add-user')
    await dialog.getByRole('button', { name: 'Add' }).click()
    await desk.rowOf('ann').getByText('rack=r1').waitFor()
    await desk.look('users')

    await using other = await Desk.at(server.https)
    await logIn(other, 'ann', PASSWORD)
    await other.page.getByRole('link', { name: 'Access' }).click()
    await other.shown('You are ann (viewer), for machines with rack=r1.')
    expect(await other.page.getByRole('tab').count()).toBe(0)
    await other.look('own-access')

    // Shut out, she is at the login again as soon as she does anything.
    await desk.rowOf('ann').getByRole('button', { name: 'Actions of ann' }).click()
    await page.getByRole('menuitem', { name: 'Shut out' }).click()
    await desk.rowOf('ann').getByText('shut out').waitFor()
    await other.page.getByRole('link', { name: 'Images' }).click()
    await other.page.getByRole('heading', { name: 'Log in to Landfall' }).waitFor()
    await logIn(other, 'ann', PASSWORD)
    await other.shown('Login refused')
  })

  it('makes a token for a program, and revokes it', { timeout: 5 * MINUTE }, async () => {
    await page.goto('/access')
    await page.getByRole('tab', { name: 'API tokens' }).click()
    await page.getByRole('button', { name: 'Make a token' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('textbox', { name: 'Name' }).fill('night watch')
    await dialog.getByRole('button', { name: 'Make' }).click()
    const secret = await dialog.getByRole('textbox', { name: 'Secret of the token' }).inputValue()
    await dialog.getByRole('button', { name: 'Done' }).click()
    const withToken = () => server.api('GET', '/api/v1/machines', { headers: { authorization: `Bearer ${secret}` } })
    expect((await withToken()).status).toBe(200)
    await desk.look('tokens')

    await page.getByRole('button', { name: 'Revoke night watch' }).click()
    await dialog.getByRole('button', { name: 'Revoke' }).click()
    await desk.rowOf('night watch').waitFor({ state: 'detached' })
    expect((await withToken()).status).toBe(401)
  })

  it('sends to webhooks again from an event on', { timeout: 5 * MINUTE }, async () => {
    await importImages(server, folder)
    await using receiver = await receiverThatAnswers(204, 204)
    const spec = { image: 'os/web:1', hooks: { webhook: { url: receiver.url, secret: 'a secret of the site' } } }
    const made = await server.send('POST', '/api/v1/machines', { macs: ['52:54:00:00:00:01'], name: 'hooked', spec })
    const { id } = (await made.json()) as { id: string }
    const begun = await server.send('POST', `/api/v1/machines/${id}/reinstall`, {})
    const install = (await begun.json()) as { id: string }
    expect((await server.send('POST', `/api/v1/installs/${install.id}/cancel`, {})).status).toBe(200)

    await page.getByRole('tab', { name: 'Webhooks' }).click()
    await desk.rowOf('delivered').first().waitFor()
    await page.getByRole('button', { name: 'Send again from an event' }).click()
    const dialog = page.getByRole('dialog')
    const number = dialog.getByRole('textbox', { name: 'After event' })
    await number.fill('the beginning')
    expect(await dialog.getByRole('button', { name: 'Send again' }).isDisabled()).toBe(true)
    await number.fill('0')
    await desk.look('replay')
    await dialog.getByRole('button', { name: 'Send again' }).click()
    await page.getByText('One delivery is being sent again.').waitFor()
    await desk.rowOf('again, for').filter({ hasText: 'delivered' }).waitFor()
    expect(receiver.heard.map(({ replay }) => replay)).toEqual(['first', '2'])
  })

  it('shows what a webhook was told, and tells it that again', { timeout: 5 * MINUTE }, async () => {
    await using receiver = await receiverThatAnswers(410, 204)
    using machine = new PretendMachine({ http: server.http, https: server.https, ca: server.access.ca }, 2)
    const spec = { hooks: { webhook: { url: receiver.url, secret: 'known to the two of us' } } }
    await change(server, [await machine.register()], { type: 'assign', image: 'os/web:1', spec })
    await machine.install(await taskOf(machine))

    await page.getByRole('tab', { name: 'Webhooks' }).click()
    await desk.rowOf('install.succeeded').getByText('failed').waitFor()
    await page.getByRole('combobox', { name: 'Receiver' }).selectOption(`${receiver.url} (1 failed)`)
    await page.getByRole('button', { name: 'Send delivery 3 again' }).click()
    await page.getByText('It is being sent again').waitFor()
    await desk.rowOf('again, for token:local').getByText('delivered').waitFor()
    const [first, second] = receiver.heard
    expect(receiver.heard.map(({ replay, event }) => [replay, event])).toEqual([
      ['first', 'install.succeeded'],
      ['4', 'install.succeeded'],
    ])
    expect(second!.delivery).toBe(first!.delivery)
    await desk.look('webhooks')
    await desk.lookSmall('phone-webhooks')
  })

  it('tells in the audit trail who did it', { timeout: 5 * MINUTE }, async () => {
    await page.getByRole('tab', { name: 'Audit trail' }).click()
    await desk.rowOf('token night watch').first().waitFor()
    await desk.rowOf('user ann').first().waitFor()
    await desk.look('audit')
    await page.getByRole('tab', { name: 'Users' }).click()
    await desk.rowOf('ann').waitFor()
    await desk.lookSmall('phone-access')
    await page.setViewportSize({ width: 390, height: 844 })
    const [first, last] = ['Users', 'Audit trail'].map((name) => page.getByRole('tab', { name }))
    await page.getByRole('button', { name: 'Scroll', exact: false }).first().waitFor({ state: 'hidden' })
    expect((await first!.boundingBox())!.x).toBeGreaterThan(0)
    const { x, width } = (await last!.boundingBox())!
    expect(x + width).toBeLessThan(390)
  })

  it('had no errors of its own', () => {
    expect(ownErrors(desk.messages)).toEqual([])
    // Who is nobody yet asks who they are.
    expect(desk.refusals.filter((one) => one !== '401 GET /api/v1/session')).toEqual([])
  })
})

/** A program that is told of installs: it answers with one status after the other, and keeps what it heard. */
async function receiverThatAnswers(...statuses: number[]) {
  const heard: { replay: string; event: string; delivery: number }[] = []
  const receiver = createServer((request, response) => {
    const replay = String(request.headers['landfall-replay'] ?? 'first')
    void Array.fromAsync(request).then((chunks) => {
      heard.push({ replay, ...JSON.parse(Buffer.concat(chunks as Buffer[]).toString()) })
      response.writeHead(statuses[heard.length - 1] ?? 500).end()
    })
  }).listen(0, '127.0.0.1')
  await once(receiver, 'listening')
  return {
    url: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/landfall`,
    heard,
    async [Symbol.asyncDispose]() {
      receiver.close()
    },
  }
}

async function logIn({ page }: Desk, name: string, password: string): Promise<void> {
  if (page.url() === 'about:blank') await page.goto('/')
  await page.getByRole('textbox', { name: 'Name' }).fill(name)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Log in', exact: true }).click()
}
