// DHCPv6 against real clients, a real relay and a real router: dhclient, dhcpcd, systemd-networkd, udhcpc6, dhcrelay, radvd.

import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { debianRoot } from '../../boot-assets/debian/root.ts'
import { rootRequest } from '../../boot-assets/installer/contents.ts'
import type { Namespace } from '../e2e/lab/namespace.ts'
import type { LabProcess } from '../e2e/lab/process.ts'
import { routerCommand, routerConfiguration, type RouterOptions } from '../helpers/router.ts'
import type { Serve6Config } from './dhcp6-serve.ts'
import { withNetns, type Netns } from './netns.ts'

const MAC = '52:54:00:12:34:56'
const INSTALLER = join(import.meta.dirname, '../../boot-assets/installer/system/usr/lib/landfall')
const SERVE = join(import.meta.dirname, 'dhcp6-serve.ts')
const SUBNET = {
  prefix: 'fd00:77::/64',
  interface: 'lan0',
  ranges: [{ from: 'fd00:77::1000', to: 'fd00:77::1fff' }],
}
const LAN: Serve6Config = { interface: 'lan0', subnets: [SUBNET] }

/** A server on lan0 and a client on eth0 that makes its link-local address of its MAC, joined by a wire. */
async function lan(net: Netns): Promise<{ server: Namespace; client: Namespace }> {
  const [server, client] = [await net.create('server'), await net.create('client')]
  await net.connect(server, { name: 'lan0' }, client, { mac: MAC })
  await linkLocal(server, 'lan0')
  await linkLocal(client, 'eth0')
  await server.ip('address', 'add', 'fd00:77::1/64', 'dev', 'lan0', 'nodad')
  return { server, client }
}

/** Gives the interface its link-local address, and waits until it may be used. */
async function linkLocal(namespace: Namespace, name: string): Promise<void> {
  // The kernel makes the address when the link comes up.
  await namespace.ip('link', 'set', name, 'down')
  await namespace.ip('link', 'set', name, 'addrgenmode', 'eui64', 'up')
  const tentative = () => namespace.ip('-6', 'address', 'show', 'dev', name, 'scope', 'link', '-tentative')
  await expect.poll(async () => (await tentative()).stdout, { timeout: 10_000 }).toContain('fe80::')
}

async function serve(net: Netns, namespace: Namespace, config: Serve6Config = LAN): Promise<LabProcess> {
  const program = net.start(namespace, 'landfall', [process.execPath, SERVE, JSON.stringify(config)])
  await program.log.waitForLine(/"serving"/, { timeout: 20_000 })
  return program
}

async function advertise(net: Netns, router: Namespace, options: Omit<RouterOptions, 'prefix'>): Promise<void> {
  const file = join(net.folder, 'radvd.conf')
  await writeFile(file, routerConfiguration({ prefix: 'fd00:77::/64', ...options }))
  net.start(router, 'radvd', routerCommand(file))
}

const told = (program: LabProcess, type: string, rest = '') =>
  program.log.waitForLine(new RegExp(`^{"type":"${type}".*${rest}`), { timeout: 20_000 })

/** A script for clients to call instead of the host's own, which would touch the host's resolv.conf. */
async function hookScript(net: Netns): Promise<string> {
  const path = join(net.folder, 'hook.sh')
  await writeFile(
    path,
    `#!/bin/sh
[ -n "$new_ip6_address" ] && ip -6 address replace "$new_ip6_address/128" dev eth0 nodad
echo "\${reason:-$1} \${new_ip6_address:-$ipv6} dns=$new_dhcp6_name_servers$dns url=$new_dhcp6_bootfile_url" >>${net.folder}/hook.log
`,
  )
  await chmod(path, 0o755)
  return path
}

const hooked = (net: Netns): Promise<string> => readFile(join(net.folder, 'hook.log'), 'utf8').catch(() => '')

async function dhclient(net: Netns): Promise<string[]> {
  const conf = join(net.folder, 'dhclient6.conf')
  await writeFile(conf, 'also request dhcp6.name-servers;\n')
  const places = ['-lf', join(net.folder, 'leases6'), '-pf', join(net.folder, 'pid6')]
  return ['dhclient', '-6', '-d', '-cf', conf, '-sf', await hookScript(net), ...places]
}

describe('real clients', () => {
  it('dhclient obtains, confirms after a restart and releases, with the lease under its MAC', (test) =>
    withNetns(test, ['dhclient'], async (net) => {
      const { server, client } = await lan(net)
      const dhcp = await serve(net, server)
      const argv = await dhclient(net)
      const first = net.start(client, 'dhclient', [...argv, 'eth0'])
      await told(dhcp, 'ack', `"mac":"${MAC}".*"address":"fd00:77::1000"`)
      await expect.poll(() => hooked(net), { timeout: 10_000 }).toContain('BOUND6 fd00:77::1000 dns=fd00:77::1')
      await first.kill()
      const second = net.start(client, 'dhclient', [...argv, 'eth0'])
      await told(dhcp, 'received', '"message":"dhcp6-confirm"')
      await expect.poll(() => hooked(net), { timeout: 20_000 }).toMatch(/BOUND6[\s\S]*BOUND6 fd00:77::1000/)
      expect(dhcp.log.matching(/"type":"ack"/)).toHaveLength(1)
      await second.kill()
      await client.exec([...argv.filter((one) => one !== '-d'), '-r', 'eth0'])
      await told(dhcp, 'release', '"address":"fd00:77::1000"')
    }))

  it('dhclient asks for boot data without an address, and gets what a stateless server has', (test) =>
    withNetns(test, ['dhclient'], async (net) => {
      const { server, client } = await lan(net)
      const dhcp = await serve(net, server, { mode: 'stateless', interface: 'lan0' })
      net.start(client, 'dhclient', [...(await dhclient(net)), '-S', 'eth0'])
      await told(dhcp, 'inform', `"mac":"${MAC}"`)
      await expect.poll(() => hooked(net), { timeout: 10_000 }).toContain('dns=fd00:77::1')
    }))

  it('dhcpcd follows the router (flag M), obtains and releases', (test) =>
    withNetns(test, ['dhcpcd', 'radvd', 'unshare'], async (net) => {
      const { server, client } = await lan(net)
      const dhcp = await serve(net, server)
      await advertise(net, server, { interface: 'lan0', managed: true })
      // Its sockets, pid and lease files are at fixed places: give it its own.
      const own =
        'mkdir -p /run/dhcpcd /var/lib/dhcpcd; mount -t tmpfs none /run; mkdir /run/dhcpcd; mount -t tmpfs none /var/lib/dhcpcd'
      const conf = join(net.folder, 'dhcpcd.conf')
      await writeFile(conf, 'option dhcp6_name_servers\nduid ll\nslaac hwaddr\n')
      const flags = `-6 -B -d -f ${conf} -c ${await hookScript(net)}`
      const dhcpcd = net.start(client, 'dhcpcd', [
        'unshare',
        '--mount',
        'sh',
        '-c',
        `${own}; exec dhcpcd ${flags} eth0`,
      ])
      await told(dhcp, 'ack', '"address":"fd00:77::1000"')
      // It takes no signal before it is done, and that is when nobody objects to the address.
      await expect.poll(() => hooked(net), { timeout: 20_000 }).toContain('BOUND6')
      process.kill(dhcpcd.pid, 'SIGALRM')
      await told(dhcp, 'release', '"address":"fd00:77::1000"')
    }))

  it('systemd-networkd follows the router and puts the address on its interface', (test) =>
    withNetns(test, ['radvd', 'unshare', 'networkctl'], async (net) => {
      const { server, client } = await lan(net)
      const dhcp = await serve(net, server)
      await advertise(net, server, { interface: 'lan0', managed: true })
      const networks = join(net.folder, 'network')
      await mkdir(networks)
      await writeFile(
        join(networks, '10-eth0.network'),
        '[Match]\nName=eth0\n[Network]\nIPv6AcceptRA=yes\nDHCP=ipv6\nIPv6LinkLocalAddressGenerationMode=eui64\n',
      )
      // Without udev it waits for none where /sys is read-only, as in a container.
      const own = `mount -t tmpfs none /run; mkdir -p /run/systemd/network; install -d -o systemd-network -g systemd-network /run/systemd/netif; cp ${networks}/* /run/systemd/network/; chmod -R a+rX /run/systemd; mount -o remount,ro,bind /sys`
      net.start(client, 'networkd', ['unshare', '--mount', 'sh', '-c', `${own}; exec /lib/systemd/systemd-networkd`])
      await told(dhcp, 'ack', `"mac":"${MAC}".*"address":"fd00:77::1000"`)
      const addresses = () => client.ip('-6', 'address', 'show', 'dev', 'eth0', 'scope', 'global')
      await expect.poll(async () => (await addresses()).stdout, { timeout: 20_000 }).toContain('fd00:77::1000')
    }))
})

describe("the installer's own network set-up", () => {
  it.for([
    ['an address of the announced prefix', { autonomous: true }, /^Network: fd00:77::5054:ff:fe12:3456\/64 on eth0$/m],
    ['one by DHCPv6 where none is announced', { managed: true }, /^Network: fd00:77::1000\/128 on eth0$/m],
  ] as const)('%s', { timeout: 300_000 }, ([, flags, said], test) =>
    withNetns(test, ['radvd'], async (net) => {
      const script = await networkScript(net)
      const { server, client } = await lan(net)
      await serve(net, server)
      await advertise(net, server, { interface: 'lan0', ...flags })
      const { stdout } = await client.exec(['sh', '-c', `. ${script}; ask_ipv6 eth0`], { timeout: 60_000 })
      expect(stdout).toMatch(said)
    }),
  )
})

/** What the installer runs, with its own udhcpc6, but away from the files of this host. */
async function networkScript(net: Netns): Promise<string> {
  const root = await debianRoot({ ...rootRequest(), log: () => {} })
  await symlink(join(root, 'usr/bin/busybox'), join(net.folder, 'udhcpc6'))
  for (const name of ['network', 'dhcp6']) {
    const text = await readFile(join(INSTALLER, name), 'utf8')
    const moved = text.replaceAll(/\/usr\/lib\/landfall|\/run\/landfall|\/etc(?=\/resolv\.conf)/g, net.folder)
    await writeFile(join(net.folder, name), moved, { mode: 0o755 })
  }
  const start = join(net.folder, 'start')
  await writeFile(start, `PATH=${net.folder}:$PATH\nsay() { echo "$1"; }\n. ${join(net.folder, 'network')}\n`)
  return start
}

describe('a relay', () => {
  it('dhcrelay: the client gets an address of its own network, known by the MAC in its link-local address', (test) =>
    withNetns(test, ['dhclient', 'dhcrelay'], async (net) => {
      const [server, relay, client] = [
        await net.create('server'),
        await net.create('relay'),
        await net.create('client'),
      ]
      await net.connect(server, { name: 'lan0' }, relay, { name: 'up0' })
      await net.connect(relay, { name: 'down0' }, client, { mac: MAC })
      await linkLocal(server, 'lan0')
      await linkLocal(relay, 'up0')
      await linkLocal(relay, 'down0')
      await linkLocal(client, 'eth0')
      await server.ip('address', 'add', 'fd00:77::1/64', 'dev', 'lan0', 'nodad')
      await server.ip('route', 'add', 'fd00:88::/64', 'via', 'fd00:77::2')
      await relay.ip('address', 'add', 'fd00:77::2/64', 'dev', 'up0', 'nodad')
      await relay.ip('address', 'add', 'fd00:88::1/64', 'dev', 'down0', 'nodad')
      const far = { prefix: 'fd00:88::/64', ranges: [{ from: 'fd00:88::1000', to: 'fd00:88::10ff' }] }
      const dhcp = await serve(net, server, { interface: 'lan0', subnets: [SUBNET, far] })
      const pid = join(net.folder, 'relay.pid')
      const ways = ['-l', 'down0', '-u', 'fd00:77::1%up0', '-I']
      net.start(relay, 'dhcrelay', ['dhcrelay', '-6', '-d', '-pf', pid, ...ways])
      net.start(client, 'dhclient', [...(await dhclient(net)), 'eth0'])
      await told(dhcp, 'ack', `"mac":"${MAC}".*"address":"fd00:88::1000"`)
      await expect.poll(() => hooked(net), { timeout: 10_000 }).toContain('BOUND6 fd00:88::1000')
    }))
})

describe('start', () => {
  it('without an address beyond link-local the reason is said', (test) =>
    withNetns(test, [], async (net) => {
      const server = await net.create('server')
      await server.ip('link', 'add', 'lan0', 'type', 'bridge')
      await server.ip('link', 'set', 'lan0', 'up')
      const program = net.start(server, 'landfall', [process.execPath, SERVE, JSON.stringify(LAN)])
      await program.log.waitForLine(/"failed-to-start".*has no IPv6 address that machines could reach/, {
        timeout: 20_000,
      })
    }))

  it('messages of another link are nobody of ours', (test) =>
    withNetns(test, ['dhclient'], async (net) => {
      const [server, client] = [await net.create('server'), await net.create('client')]
      await net.connect(server, { name: 'other0' }, client, { mac: MAC })
      await server.ip('link', 'add', 'lan0', 'type', 'bridge')
      await server.ip('link', 'set', 'lan0', 'up')
      await server.ip('address', 'add', 'fd00:77::1/64', 'dev', 'lan0', 'nodad')
      await linkLocal(server, 'other0')
      await linkLocal(client, 'eth0')
      const dhcp = await serve(net, server)
      const argv = await dhclient(net)
      const asking = net.start(client, 'dhclient', [...argv, 'eth0'])
      await asking.log.waitForLine(/XMT: Forming Solicit.*[\s\S]*/, { timeout: 20_000 })
      await new Promise((resolve) => setTimeout(resolve, 3000))
      expect(dhcp.log.matching(/"received"/)).toEqual([])
    }))
})
