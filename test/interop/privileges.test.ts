// What the server may do: as little as it can, whether root started it or systemd.

import { chmod, chown, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Namespace } from '../e2e/lab/namespace.ts'
import type { LabProcess } from '../e2e/lab/process.ts'
import { withNetns, type Netns } from './netns.ts'

const COMMAND = resolve(import.meta.dirname, '../../server/cli/landfall.js')
const OPENER = join(import.meta.dirname, 'inherit-sockets.pl')
const NOTIFIED = join(import.meta.dirname, 'notify-socket.pl')
const NOBODY = 65_534
const ADDRESS = '10.77.0.1'
const SERVE = `serve --http-port 80 --dhcp-mode server --dhcp-interface lan0 --dhcp-subnet-cidr 10.77.0.0/24
  --dhcp-subnet-pool 10.77.0.100-10.77.0.199`.split(/\s+/)
/** As a service manager would, with no right at all. */
const AS_NOBODY = `setpriv --reuid ${NOBODY} --regid ${NOBODY} --clear-groups --no-new-privs --inh-caps -all
  --bounding-set -all --`.split(/\s+/)
const LOADER = 'the first boot loader'

describe('started by root', () => {
  it('gives everything away but low ports, and serves DHCP, TFTP and HTTP, also when its interface is made anew', (test) =>
    withNetns(test, ['udhcpc', 'curl'], async (net) => {
      const { server, client } = await lan(net)
      const dataDir = await dataFolder(net, 0)
      const argv = [process.execPath, COMMAND, ...SERVE, '--data-dir', dataDir, '--user', 'nobody']
      const landfall = net.start(server, 'landfall', argv)
      await landfall.log.waitForLine(/^Landfall \S+ serves /, { timeout: 30_000 })
      expect(landfall.log.matching(/giving .* to nobody/)).toHaveLength(1)
      expect(await rights(landfall.pid)).toEqual([`${NOBODY} ${NOBODY} groups: rights: 400 400 400 400 400 nnp: 1`])
      expect((await stat(join(dataDir, 'boot/loaders/first.efi'))).uid).toBe(NOBODY)
      await expectServed(net, client, ADDRESS)

      await server.ip('link', 'delete', 'lan0')
      await net.connect(server, { name: 'lan0', address: '10.77.0.2/24' }, client, { mac: '52:54:00:00:00:42' })
      await landfall.log.waitForLine(/"address":"10\.77\.0\.2".*"msg":"listening"/, { timeout: 10_000 })
      expect(await lease(net, client)).toBe('10.77.0.2')
    }))

  it('refuses a user who does not exist, before anything changes', (test) =>
    withNetns(test, [], async (net) => {
      const dataDir = await dataFolder(net, 0)
      const server = await net.create('server')
      const argv = [process.execPath, COMMAND, 'serve', '--data-dir', dataDir, '--user', 'nosuchuser']
      const landfall = net.start(server, 'landfall', argv)
      expect(await landfall.exited).toEqual({ code: 1, signal: null })
      expect(landfall.log.matching(/no user nosuchuser .*\(USER_UNKNOWN\)/)).toHaveLength(1)
      expect((await stat(dataDir)).uid).toBe(0)
    }))
})

describe('started by a service manager', () => {
  it('serves without any right on inherited sockets, each link apart, also after its address changed, and reports', (test) =>
    withNetns(test, ['udhcpc', 'curl', 'perl', 'systemd-notify'], async (net) => {
      const { server, client } = await lan(net)
      const other = await net.create('other')
      await net.connect(server, { name: 'up0', address: '192.0.2.1/24' }, other, {})
      const dataDir = await dataFolder(net, NOBODY)
      const notify = join(net.folder, 'notify')
      const manager = net.start(server, 'manager', ['perl', NOTIFIED, notify])
      await manager.log.waitForLine(/listening/)

      const sockets = 'http=80/tcp,https=8443/tcp,tftp=lan0:69,dhcp-lan0=lan0:67,pxe-lan0=lan0:4011,spare=lan0:4012'
      const argv = [...AS_NOBODY, process.execPath, COMMAND, ...SERVE, '--data-dir', dataDir]
      const env = { NOTIFY_SOCKET: notify, WATCHDOG_USEC: '1000000' }
      const landfall = net.start(server, 'landfall', ['perl', OPENER, sockets, ...argv], { env })
      await landfall.log.waitForLine(/^Landfall \S+ serves /, { timeout: 30_000 })
      await manager.log.waitForLine(/^READY=1/)
      await manager.log.waitForLine(/^STATUS=serves https:/)
      await manager.log.waitForLine(/^WATCHDOG=1/)
      expect(landfall.log.matching(/Warning: the inherited socket (\S+) is not used/)).toEqual([
        expect.stringContaining('socket spare'),
      ])
      expect(await rights(landfall.pid)).toEqual([`${NOBODY} ${NOBODY} groups: rights: 0 0 0 0 0 nnp: 1`])
      await expectServed(net, client, ADDRESS)

      await server.ip('address', 'flush', 'dev', 'lan0')
      await server.ip('address', 'add', '10.77.0.2/24', 'broadcast', '+', 'dev', 'lan0')
      await landfall.log.waitForLine(/"address":"10\.77\.0\.2".*"msg":"listening"/, { timeout: 10_000 })
      expect(await lease(net, client)).toBe('10.77.0.2')
      expect(await landfall.stop()).toEqual({ code: 0, signal: null })
      await manager.log.waitForLine(/^STOPPING=1/)
    }))

  it('serves several interfaces, each by its own address and from its own subnet', (test) =>
    withNetns(test, ['udhcpc', 'curl', 'perl'], async (net) => {
      const { server, client } = await lan(net)
      const second = await net.create('second')
      await net.connect(server, { name: 'lan1', address: '10.78.0.1/24' }, second, {})
      const dataDir = await dataFolder(net, NOBODY)
      const config = join(net.folder, 'landfall.toml')
      await writeFile(
        config,
        `[dhcp]\ninterfaces = ["lan1"]\n[[dhcp.subnets]]\ncidr = "10.78.0.0/24"\npool = ["10.78.0.100-10.78.0.199"]\n`,
      )
      const sockets = ['http=80/tcp', 'https=8443/tcp', 'tftp=lan0:69', 'tftp-lan1=lan1:69']
      for (const link of ['lan0', 'lan1']) sockets.push(`dhcp-${link}=${link}:67`, `pxe-${link}=${link}:4011`)
      const argv = [...AS_NOBODY, process.execPath, COMMAND, ...SERVE, '--config', config, '--data-dir', dataDir]
      const landfall = net.start(server, 'landfall', ['perl', OPENER, sockets.join(','), ...argv])
      await landfall.log.waitForLine(/^Landfall \S+ serves /, { timeout: 30_000 })
      expect(landfall.log.matching(/Warning: the inherited socket/)).toEqual([])
      await expectServed(net, client, ADDRESS)
      await expectServed(net, second, '10.78.0.1', '10.78.0.250/24')
    }))

  it('refuses a socket on another port than its URLs would name', (test) =>
    withNetns(test, ['perl'], async (net) => {
      const server = await net.create('server')
      const dataDir = await dataFolder(net, NOBODY)
      const argv = [process.execPath, COMMAND, 'serve', '--data-dir', dataDir]
      const landfall = net.start(server, 'landfall', ['perl', OPENER, 'http=80/tcp', ...AS_NOBODY, ...argv])
      expect(await landfall.exited).toEqual({ code: 1, signal: null })
      expect(landfall.log.matching(/it is on port 80, but http\.port says 8080 \(PORT_MISMATCH\)/)).toHaveLength(1)
    }))

  it('takes its TCP sockets from systemd itself', (test) =>
    withNetns(test, ['systemd-socket-activate', 'curl'], async (net) => {
      const { server, client } = await lan(net)
      const dataDir = await dataFolder(net, NOBODY)
      const activate = ['systemd-socket-activate', '-l', '0.0.0.0:80', '-l', '0.0.0.0:443', '--fdname=http:https']
      const command = [process.execPath, COMMAND, 'serve', '--data-dir', dataDir, '--http-port', '80']
      const argv = [...activate, ...AS_NOBODY, ...command, '--https-port', '443', '--address', ADDRESS]
      const landfall = net.start(server, 'landfall', argv)
      await landfall.log.waitForLine(/Listening on/)
      await client.ip('address', 'add', '10.77.0.250/24', 'dev', 'eth0')
      expect(await curl(client, `http://${ADDRESS}/livez`)).toContain('ok')
      await landfall.log.waitForLine(/^Landfall \S+ serves https:\/\/10\.77\.0\.1:443/)
      expect(await curl(client, '--insecure', `https://${ADDRESS}/livez`)).toContain('ok')
    }))
})

async function lan(net: Netns): Promise<{ server: Namespace; client: Namespace }> {
  const [server, client] = [await net.create('server'), await net.create('client')]
  await net.connect(server, { name: 'lan0', address: `${ADDRESS}/24` }, client, { mac: '52:54:00:00:00:42' })
  return { server, client }
}

/** With one loader in it, all of that owner, in a folder that everybody may pass. */
async function dataFolder(net: Netns, owner: number): Promise<string> {
  await chmod(net.folder, 0o755)
  const dataDir = join(net.folder, 'data')
  await mkdir(join(dataDir, 'boot/loaders'), { recursive: true })
  await writeFile(join(dataDir, 'boot/loaders/first.efi'), LOADER)
  for (const name of ['', 'boot', 'boot/loaders', 'boot/loaders/first.efi']) {
    await chown(join(dataDir, name), owner, owner)
  }
  return dataDir
}

/** User, group, groups, the five sets of capabilities and whether new rights are barred: each kind of thread once. */
async function rights(pid: number): Promise<string[]> {
  const tasks = await readdir(`/proc/${pid}/task`)
  const kinds = new Set<string>()
  for (const task of tasks) {
    const status = await readFile(`/proc/${pid}/task/${task}/status`, 'utf8')
    const field = (name: string) => new RegExp(`^${name}:[ \\t]*(.*?)[ \\t]*$`, 'm').exec(status)![1]!
    const ids = (name: string) => [...new Set(field(name).split(/\s+/))].join('/')
    const sets = ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'].map((name) =>
      BigInt(`0x${field(name)}`).toString(16),
    )
    const groups = ['groups:', field('Groups')].filter(Boolean).join(' ')
    kinds.add(`${ids('Uid')} ${ids('Gid')} ${groups} rights: ${sets.join(' ')} nnp: ${field('NoNewPrivs')}`)
  }
  expect(tasks.length).toBeGreaterThan(4)
  return [...kinds]
}

async function expectServed(net: Netns, client: Namespace, server: string, own = '10.77.0.250/24'): Promise<void> {
  expect(await lease(net, client)).toBe(server)
  await client.ip('address', 'add', own, 'dev', 'eth0')
  expect(await curl(client, `tftp://${server}/first.efi`)).toBe(LOADER)
  expect(await curl(client, `http://${server}/boot/loaders/first.efi`)).toBe(LOADER)
  await client.ip('address', 'flush', 'dev', 'eth0')
}

/** Who gave udhcpc an address; nothing of the host is changed. */
async function lease(net: Netns, client: Namespace): Promise<string> {
  const udhcpc: LabProcess = net.start(client, 'udhcpc', ['udhcpc', '-f', '-q', '-i', 'eth0', '-s', '/bin/true'])
  const [, server] = await udhcpc.log.waitForLine(/lease of \S+ obtained from (\S+?),?\s/)
  return server!
}

async function curl(client: Namespace, ...args: string[]): Promise<string> {
  const { stdout } = await client.exec(['curl', '--silent', '--show-error', '--max-time', '20', ...args])
  return stdout
}
