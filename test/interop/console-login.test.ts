// The ways into the console in a real browser: name and password, and a real OpenID provider, there and back, or not.

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildWeb } from '../../boot-assets/build.ts'
import { freePort } from '../../server/host/free-port.ts'
import { browserUnavailable } from '../e2e/lab/browser.ts'
import { ownErrors } from '../helpers/page-checks.ts'
import { Desk } from './console-desk.ts'
import { CLIENT, oidcServer, type OidcServer } from './oidc-server.ts'
import { serve, type Served } from './serve.ts'

const MINUTE = 60_000
const reason = browserUnavailable()

describe.skipIf(reason !== undefined)(`the login${reason === undefined ? '' : ` (skipped: ${reason})`}`, () => {
  let folder: string
  let provider: OidcServer
  let server: Served

  beforeAll(async () => {
    await buildWeb(console.log)
    folder = await mkdtemp(join(tmpdir(), 'landfall-console-login-'))
    const ports = { http: await freePort(), https: await freePort() }
    provider = await oidcServer(`https://127.0.0.1:${ports.https}`)
    provider.groups.set('ann', ['racks'])
    const files = { ca: join(folder, 'provider.pem'), secret: join(folder, 'secret'), config: join(folder, 'l.toml') }
    await writeFile(files.ca, provider.ca)
    await writeFile(files.secret, CLIENT.secret)
    await writeFile(
      files.config,
      `[oidc]
issuer = "${provider.issuer}"
clientId = "${CLIENT.id}"
clientSecretFile = "${files.secret}"
ca = "${files.ca}"
name = "Example"
scopes = ["profile", "groups"]
[[oidc.roles]]
value = "racks"
role = "operator"
`,
    )
    server = await serve(join(folder, 'data'), { ports, flags: ['--config', files.config] })
  }, 5 * MINUTE)

  afterAll(async () => {
    await server?.[Symbol.asyncDispose]()
    await provider?.[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  it('leads to the provider and back to where somebody wanted to go', { timeout: 5 * MINUTE }, async () => {
    await using desk = await Desk.at(server.https)
    await desk.page.goto('/images')
    await desk.page.getByRole('link', { name: 'Log in with Example' }).waitFor()
    await desk.look('login')
    await desk.lookSmall('phone-login')
    await atProvider(desk, 'ann')
    await desk.page.getByRole('heading', { name: 'No images yet' }).waitFor()
    expect(new URL(desk.page.url()).pathname).toBe('/images')
    await desk.shown('oidc:ann (operator)')
    await desk.page.getByRole('button', { name: 'Log out' }).click()
    await desk.page.getByRole('heading', { name: 'Log in to Landfall' }).waitFor()
    expect(ownErrors(desk.messages)).toEqual([])
  })

  it('says why somebody with no role here is not let in, and leads back', { timeout: 5 * MINUTE }, async () => {
    await using desk = await Desk.at(server.https)
    await desk.page.goto('/overview')
    await atProvider(desk, 'stranger')
    await desk.page.getByRole('heading', { name: 'You are not logged in' }).waitFor()
    await desk.shown('NO_ROLE')
    await desk.look('not-logged-in')
    await desk.lookSmall('phone-not-logged-in')
    await desk.page.getByRole('link', { name: 'Back to the login' }).click()
    await desk.page.getByRole('heading', { name: 'Log in to Landfall' }).waitFor()
    expect(ownErrors(desk.messages)).toEqual([])
  })
})

/** Logs in at the provider, and agrees to what it asks. */
async function atProvider({ page }: Desk, person: string): Promise<void> {
  await page.getByRole('link', { name: 'Log in with Example' }).click()
  await page.locator('input[name=login]').fill(person)
  await page.locator('input[name=password]').fill('any')
  await page.getByRole('button', { name: 'Sign-in' }).click()
  await page.getByRole('button', { name: 'Continue' }).click()
}
