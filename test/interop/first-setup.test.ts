// The first hour of a server: the one-time link that `landfall serve` prints, and behind it the set-up in a real browser, on a network where
// dnsmasq gives addresses already. Every step is loaded anew halfway.

import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { buildWeb } from '../../boot-assets/build.ts'
import { BROADCAST_FLAG } from '../../server/dhcp/packet.ts'
import { browserUnavailable } from '../e2e/lab/browser.ts'
import { forwardTo } from '../e2e/lab/forward.ts'
import type { Namespace } from '../e2e/lab/namespace.ts'
import type { LabProcess } from '../e2e/lab/process.ts'
import { ownErrors } from '../helpers/page-checks.ts'
import { writeTinyImage } from '../images/tiny-image.ts'
import { MAC, pxeOptions } from '../server/dhcp/messages.ts'
import { Desk } from './console-desk.ts'
import { broadcasting, dnsmasq, exchange, threeHosts, wire } from './dhcp-lan.ts'
import { withNetns, type Netns } from './netns.ts'

const COMMAND = resolve(import.meta.dirname, '../../server/cli/landfall.js')
const RELAY = resolve(import.meta.dirname, '../e2e/lab/relay.ts')
const PASSWORD = 'correct horse battery'
const HTTPS_PORT = 8443
const MINUTE = 60_000
const reason = browserUnavailable()

it.skipIf(reason !== undefined)('a fresh server is led to its first machine', { timeout: 15 * MINUTE }, (test) =>
  withNetns(test, ['dnsmasq', 'curl'], async (net) => {
    await buildWeb(console.log)
    const { ours, theirs, client } = await threeHosts(net)
    await dnsmasq(net, theirs, '--no-ping')
    const landfall = await freshServer(net, ours)
    await using wayIn = await reachable(net, ours)
    await using desk = await Desk.at(wayIn.url)
    const { page } = desk
    let tests = 0
    page.on('request', (request) => (tests += request.url().endsWith('/network/check') ? 1 : 0))

    const [, path] = await landfall.log.waitForLine(/https:\S+?:8443(\/setup#token=\S+)/)
    await page.goto(path!)
    await heading(page, 'Administrator')
    expect(page.url()).not.toContain('token')
    await page.reload()
    await heading(page, 'Administrator')
    await desk.look('setup-administrator')
    await page.getByLabel('Password').fill(PASSWORD)
    await page.getByRole('button', { name: 'Make the administrator' }).click()

    await heading(page, 'Network')
    await desk.shown('admin (admin)')
    await desk.shown('another DHCP server, 10.77.0.2, answers on br0')
    expect(await page.getByRole('radio', { name: 'Another DHCP server does (proxy)' }).isChecked()).toBe(true)
    expect(tests).toBe(1)
    await page.reload()
    await desk.shown('another DHCP server, 10.77.0.2, answers on br0')
    await desk.look('setup-network')
    await page.getByRole('radio', { name: 'By what is there (auto)' }).check()
    await page.getByRole('textbox', { name: 'Addresses to give' }).fill('10.77.0.100-10.99.0.1')
    await page.getByRole('button', { name: 'Begin to serve' }).click()
    await desk.shown('Nothing was changed')
    await page.getByRole('textbox', { name: 'Addresses to give' }).fill('10.77.0.100-10.77.0.149')
    await page.getByRole('button', { name: 'Begin to serve' }).click()
    await desk.shown('The server starts anew with it')
    await page.getByRole('button', { name: 'Change it' }).waitFor()
    await desk.shown('on br0, 10.77.0.1')
    await desk.look('setup-served')
    await page.getByRole('link', { name: 'Next: Image' }).click()

    await heading(page, 'Image')
    await page.reload()
    await heading(page, 'Image')
    await desk.look('setup-image')
    await writeTinyImage(join(net.folder, 'layout'), { tag: 'stable', labels: { 'containers.bootc': '1' } })
    await cli(net, ours, 'image', 'import', join(net.folder, 'layout'), '--as', 'os/web:stable')
    await desk.shown('os/web:stable is here')
    await page.getByRole('link', { name: 'Next: First machine' }).click()

    await desk.shown('Waiting for the first machine')
    const discover = wire({ options: pxeOptions(7), flags: BROADCAST_FLAG })
    await exchange(client, broadcasting('10.77.0.250', discover, 2))
    await desk.shown(MAC)
    await page.reload()
    await desk.shown('Waiting for the first machine')
    await client.exec(['curl', '-sf', `http://10.77.0.1:8080/boot/ipxe?mac=${MAC}&arch=x86_64&platform=efi`])
    await page.getByText(/ is here$/).waitFor()
    await desk.look('setup-machine')
    await desk.lookSmall('phone-setup')
    await page.getByRole('link', { name: 'Look at it' }).click()
    await page.getByRole('heading', { name: MAC.replaceAll(':', '-'), level: 1 }).waitFor()

    expect(ownErrors(desk.messages)).toEqual([])
    const { stdout } = await cli(net, ours, 'network', 'show', '-o', 'json')
    expect(JSON.parse(stdout)).toMatchObject([{ name: 'br0', cidr: '10.77.0.1/24', mode: 'auto', setBy: null }])
  }),
)

async function heading(page: Page, name: string): Promise<void> {
  await page.getByRole('heading', { name, exact: true, level: 2 }).waitFor()
}

/** As on a host where nobody has configured anything. */
async function freshServer(net: Netns, namespace: Namespace): Promise<LabProcess> {
  const config = join(net.folder, 'landfall.toml')
  await writeFile(config, '')
  const argv = [process.execPath, COMMAND, 'serve', '--data-dir', join(net.folder, 'data'), '--config', config]
  // Meant for this test, and refused by a server.
  const env = { LANDFALL_SCREENSHOTS: undefined }
  const landfall = net.start(namespace, 'landfall', [...argv, '--user', 'root'], { env })
  await landfall.log.waitForLine(/^Landfall \S+ serves https:\/\/10\.77\.0\.1:8443/, { timeout: 2 * MINUTE })
  return landfall
}

/** The server's HTTPS port, from outside of its namespace. */
async function reachable(net: Netns, namespace: Namespace): Promise<AsyncDisposable & { url: string }> {
  const path = join(net.folder, 'https.sock')
  const relay = net.start(namespace, 'relay', [process.execPath, RELAY, path, '127.0.0.1', String(HTTPS_PORT)])
  await relay.log.waitForLine(/relaying/)
  const listener = forwardTo({ path }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as AddressInfo
  return {
    url: `https://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      listener.close()
    },
  }
}

function cli(net: Netns, namespace: Namespace, ...args: string[]) {
  const argv = [process.execPath, COMMAND, '--data-dir', join(net.folder, 'data'), ...args]
  return namespace.exec(argv, { timeout: 2 * MINUTE })
}
