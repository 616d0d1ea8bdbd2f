// DHCP against real clients and servers: udhcpc, dhclient, dhcpcd, dnsmasq, the npm package `dhcp`.

import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { MESSAGE, OPTION } from '../../server/dhcp/options.ts'
import { BOOTREPLY, BROADCAST_FLAG, decodePacket, encodePacket, type DhcpPacket } from '../../server/dhcp/packet.ts'
import type { Namespace } from '../e2e/lab/namespace.ts'
import type { LabProcess } from '../e2e/lab/process.ts'
import { MAC, message, pxeOptions, selecting, type MessageParts } from '../server/dhcp/messages.ts'
import type { DatagramPlan } from './datagrams.ts'
import type { ServeConfig } from './dhcp-serve.ts'
import { withNetns, type Netns } from './netns.ts'

const SUBNET = {
  cidr: '10.77.0.0/24',
  ranges: [{ from: '10.77.0.100', to: '10.77.0.199' }],
  router: '10.77.0.1',
  dns: ['10.77.0.1'],
  domain: 'lab.test',
}
const LAN: ServeConfig = { links: [{ interface: 'lan0', address: '10.77.0.1' }], subnets: [SUBNET] }
const SERVE = join(import.meta.dirname, 'dhcp-serve.ts')
const DATAGRAMS = join(import.meta.dirname, 'datagrams.ts')
const NPM_CLIENT = join(import.meta.dirname, 'dhcp-npm-client.ts')

/** A server on lan0 and a client on eth0, joined by a wire; no default route anywhere. */
async function lan(net: Netns): Promise<{ server: Namespace; client: Namespace }> {
  const [server, client] = [await net.create('server'), await net.create('client')]
  await net.connect(server, { name: 'lan0', address: '10.77.0.1/24' }, client, { mac: MAC })
  return { server, client }
}

async function serve(net: Netns, namespace: Namespace, config: ServeConfig = LAN): Promise<LabProcess> {
  const program = net.start(namespace, 'landfall', [process.execPath, SERVE, JSON.stringify(config)])
  await program.log.waitForLine(/"serving"/, { timeout: 20_000 })
  return program
}

const event = (type: string, rest = '') => new RegExp(`^{"type":"${type}".*${rest}`)

/** Waits for an event of the server after those already seen. */
async function told(program: LabProcess, type: string, rest = ''): Promise<void> {
  await program.log.waitForLine(event(type, rest), { timeout: 20_000 })
}

/** A script for clients to call instead of the host's own, which would touch the host's resolv.conf. */
async function hookScript(net: Netns): Promise<string> {
  const path = join(net.folder, 'hook.sh')
  await writeFile(
    path,
    `#!/bin/sh
why="\${1:-$reason}"
address="\${ip:-$new_ip_address}"
case "$why" in
bound|renew|BOUND|REBOOT|RENEW|REBIND) ip address replace "$address/24" dev eth0 ;;
PREINIT) ip link set eth0 up ;;
esac
echo "$why $address $boot_file$new_filename" >> ${net.folder}/hook.log
`,
  )
  await chmod(path, 0o755)
  return path
}

const hooked = (net: Netns): Promise<string> => readFile(join(net.folder, 'hook.log'), 'utf8').catch(() => '')

/** Sends messages from inside; returns the replies that came in time. */
async function exchange(
  namespace: Namespace,
  plan: DatagramPlan,
): Promise<(DhcpPacket & { from: string; port: number })[]> {
  const { stdout } = await namespace.exec([process.execPath, DATAGRAMS, JSON.stringify(plan)])
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const { hex, from, port } = JSON.parse(line) as { hex: string; from: string; port: number }
      const decoded = decodePacket(Buffer.from(hex, 'hex'), BOOTREPLY)
      if (!('packet' in decoded)) throw new Error(`reply from ${from} is malformed: ${decoded.malformed}`)
      return { ...decoded.packet, from, port }
    })
}

const wire = (parts: MessageParts) => Buffer.from(encodePacket(message(parts))).toString('hex')
/** A client with some address already, so that Node can send broadcasts from it. */
const broadcasting = (address: string, hex: string, count: number): DatagramPlan => ({
  listen: ['0.0.0.0', 68],
  from: [address, 1068],
  send: [[hex, '255.255.255.255', 67]],
  count,
  ms: 5000,
})

describe('statement 32, statement 33: real clients obtain, renew and release, without any default route', () => {
  it('udhcpc', (test) =>
    withNetns(test, ['udhcpc'], async (net) => {
      const { server, client } = await lan(net)
      const dhcp = await serve(net, server)
      const script = await hookScript(net)
      const udhcpc = net.start(client, 'udhcpc', ['udhcpc', '-f', '-i', 'eth0', '-s', script, '-x', 'hostname:box'])
      await told(dhcp, 'ack', '"address":"10.77.0.100"')
      await udhcpc.log.waitForLine(/lease of 10\.77\.0\.100 obtained/)
      process.kill(udhcpc.pid, 'SIGUSR1')
      await told(dhcp, 'ack', '"hostname":"box".*"address":"10.77.0.100"')
      await expect.poll(() => hooked(net)).toContain('renew 10.77.0.100')
      process.kill(udhcpc.pid, 'SIGUSR2')
      await told(dhcp, 'release', '"address":"10.77.0.100"')
    }))

  it('dhclient, with and without a boot reboot', (test) =>
    withNetns(test, ['dhclient'], async (net) => {
      const { server, client } = await lan(net)
      const dhcp = await serve(net, server)
      const conf = join(net.folder, 'dhclient.conf')
      await writeFile(
        conf,
        'supersede dhcp-renewal-time 2;\nrequest subnet-mask, routers, domain-name-servers, vendor-class-identifier;\n',
      )
      const files = [
        '-cf',
        conf,
        '-sf',
        await hookScript(net),
        '-lf',
        join(net.folder, 'leases'),
        '-pf',
        join(net.folder, 'pid'),
      ]
      const run = () => net.start(client, 'dhclient', ['dhclient', '-4', '-d', ...files, 'eth0'])
      const first = run()
      await told(dhcp, 'ack', '"address":"10.77.0.100"')
      await expect.poll(() => hooked(net)).toContain('BOUND 10.77.0.100')
      // The renewal goes by unicast to the server and back.
      await told(dhcp, 'received', '"message":"request".*"from":{"address":"10.77.0.100"')
      await told(dhcp, 'ack', '"address":"10.77.0.100"')
      await expect.poll(() => hooked(net), { timeout: 10_000 }).toContain('RENEW 10.77.0.100')
      await first.kill()
      const second = run()
      await told(dhcp, 'ack', '"address":"10.77.0.100"')
      await expect.poll(() => hooked(net), { timeout: 10_000 }).toContain('REBOOT 10.77.0.100')
      await second.kill()
      await client.exec(['dhclient', '-4', '-r', ...files, 'eth0'])
      await told(dhcp, 'release', '"address":"10.77.0.100"')
    }))

  it('dhcpcd', (test) =>
    withNetns(test, ['dhcpcd', 'unshare'], async (net) => {
      const { server, client } = await lan(net)
      const dhcp = await serve(net, server)
      // Its sockets, pid and lease files are at fixed places: give it its own.
      const own =
        'mkdir -p /run/dhcpcd /var/lib/dhcpcd; mount -t tmpfs none /run; mkdir /run/dhcpcd; mount -t tmpfs none /var/lib/dhcpcd'
      const flags = `-4 -B -d -f /dev/null --noarp -c ${await hookScript(net)}`
      const dhcpcd = net.start(client, 'dhcpcd', [
        'unshare',
        '--mount',
        'sh',
        '-c',
        `${own}; exec dhcpcd ${flags} eth0`,
      ])
      await told(dhcp, 'ack', '"address":"10.77.0.100"')
      await expect.poll(() => hooked(net), { timeout: 20_000 }).toContain('BOUND 10.77.0.100')
      process.kill(dhcpcd.pid, 'SIGUSR1')
      await told(dhcp, 'ack', '"address":"10.77.0.100"')
      // It takes no second signal before it is done with the first.
      await expect.poll(() => hooked(net), { timeout: 20_000 }).toContain('RENEW 10.77.0.100')
      process.kill(dhcpcd.pid, 'SIGALRM')
      await told(dhcp, 'release', '"address":"10.77.0.100"')
    }))

  it('the npm package dhcp reads the offer (its REQUEST, without options 50 and 54, is beyond answering)', (test) =>
    withNetns(test, [], async (net) => {
      const { server, client } = await lan(net)
      const dhcp = await serve(net, server)
      // It sends from 0.0.0.0, which Linux refuses without a route.
      await client.ip('route', 'add', 'default', 'dev', 'eth0')
      const reader = net.start(client, 'npm-dhcp', [process.execPath, NPM_CLIENT, MAC])
      await told(dhcp, 'offer', '"address":"10.77.0.100"')
      await reader.log.waitForLine(/^offered 10\.77\.0\.100 mask 255\.255\.255\.0 router 10\.77\.0\.1 lease 3600$/)
    }))
})

describe('leases', () => {
  it('statement 24: outlive kill -9 right after the ACK', (test) =>
    withNetns(test, ['udhcpc'], async (net) => {
      const { server, client } = await lan(net)
      const config = { ...LAN, leaseFile: join(net.folder, 'leases.jsonl') }
      const first = await serve(net, server, config)
      const script = await hookScript(net)
      net.start(client, 'udhcpc', ['udhcpc', '-f', '-q', '-i', 'eth0', '-s', script])
      await told(first, 'ack', '"address":"10.77.0.100"')
      await first.kill()
      const second = await serve(net, server, config)
      await client.ip('address', 'replace', '10.77.0.250/24', 'dev', 'eth0')
      const other = wire({ mac: '52:54:00:00:00:99', options: [[OPTION.requestedAddress, [10, 77, 0, 100]]] })
      const [offer] = await exchange(client, broadcasting('10.77.0.250', other, 1))
      expect(offer?.yiaddr).toBe('10.77.0.101')
      await told(second, 'offer')
    }))

  it('statement 16: a conflict seen before the offer puts the address out of use', (test) =>
    withNetns(test, ['udhcpc'], async (net) => {
      const { server, client } = await lan(net)
      const squatter = await net.create('squatter')
      await server.ip('address', 'flush', 'dev', 'lan0')
      await net.bridge(server, { address: '10.77.0.1/24' })
      await server.ip('link', 'set', 'lan0', 'master', 'br0')
      await net.plug(server, 'br0', squatter, { address: '10.77.0.100/24', mac: '52:54:00:00:00:66' })
      const dhcp = await serve(net, server, { ...LAN, links: [{ interface: 'br0' }], conflictCheck: true })
      const script = await hookScript(net)
      net.start(client, 'udhcpc', ['udhcpc', '-f', '-q', '-t', '10', '-T', '1', '-i', 'eth0', '-s', script])
      await told(dhcp, 'conflict', '"address":"10.77.0.100","foundMac":"52:54:00:00:00:66"')
      await told(dhcp, 'ack', '"address":"10.77.0.101"')
    }))
})

describe('links', () => {
  it('statement 31: offers leave by the link that asked and name its address, on inherited sockets', (test) =>
    withNetns(test, ['udhcpc', 'perl'], async (net) => {
      const [server, one, two] = [await net.create('server'), await net.create('one'), await net.create('two')]
      await net.connect(server, { name: 'lan0', address: '10.77.0.1/24' }, one, {})
      await net.connect(server, { name: 'lan1', address: '10.78.0.1/24' }, two, {})
      const config: ServeConfig = {
        links: [
          { interface: 'lan0', address: '10.77.0.1', socket: 'lan0' },
          { interface: 'lan1', address: '10.78.0.1', socket: 'lan1' },
        ],
        subnets: [SUBNET, { cidr: '10.78.0.0/24', ranges: [{ from: '10.78.0.100', to: '10.78.0.199' }] }],
      }
      const opener = join(import.meta.dirname, 'inherit-sockets.pl')
      const argv = ['perl', opener, 'lan0,lan1', process.execPath, SERVE, JSON.stringify(config)]
      const dhcp = net.start(server, 'landfall', argv)
      await dhcp.log.waitForLine(/"serving"/)
      const script = await hookScript(net)
      const udhcpc = (where: Namespace, name: string) =>
        net.start(where, name, ['udhcpc', '-f', '-q', '-i', 'eth0', '-s', script])
      await udhcpc(one, 'udhcpc-one').log.waitForLine(/lease of 10\.77\.0\.100 obtained from 10\.77\.0\.1/)
      await udhcpc(two, 'udhcpc-two').log.waitForLine(/lease of 10\.78\.0\.100 obtained from 10\.78\.0\.1/)
    }))

  it('serves only known machines where links cannot be told apart, and says so', (test) =>
    withNetns(test, ['udhcpc'], async (net) => {
      const { server, client } = await lan(net)
      const other = await net.create('other')
      await net.connect(server, { name: 'up0', address: '192.0.2.1/24' }, other, {})
      const dhcp = await serve(net, server, { ...LAN, known: [MAC] })
      expect(dhcp.log.matching(event('ambiguous-links'))).toHaveLength(1)
      const script = await hookScript(net)
      net.start(other, 'stranger', ['udhcpc', '-f', '-q', '-i', 'eth0', '-s', script])
      await told(dhcp, 'ignored', '"reason":"unknown-link"')
      net.start(client, 'known', ['udhcpc', '-f', '-q', '-i', 'eth0', '-s', script])
      await told(dhcp, 'ack', `"mac":"${MAC}"`)
    }))

  it('statement 36: tells which socket is taken by a server that does not share', (test) =>
    withNetns(test, ['dnsmasq'], async (net) => {
      const { server } = await lan(net)
      const flags = ['-k', '-C', '/dev/null', '-p', '0', '-u', 'root', '-l', '/dev/null', '-F', '10.77.0.50,10.77.0.60']
      const dnsmasq = net.start(server, 'dnsmasq', ['dnsmasq', ...flags, '-x', join(net.folder, 'pid'), '-8', '-'])
      await dnsmasq.log.waitForLine(/DHCP, IP range/)
      const dhcp = net.start(server, 'landfall', [process.execPath, SERVE, JSON.stringify(LAN)])
      await dhcp.log.waitForLine(/failed-to-start.*opening DHCP socket 0\.0\.0\.0:67: another program holds the port/)
    }))

  it('statement 34, statement 69: datagrams from port 0 and of no or one byte change nothing', (test) =>
    withNetns(test, ['perl'], async (net) => {
      const { server, client } = await lan(net)
      const dhcp = await serve(net, server)
      await client.ip('address', 'add', '10.77.0.250/24', 'dev', 'eth0')
      const raw = join(import.meta.dirname, 'raw-udp.pl')
      const discover = wire({ options: pxeOptions(7) })
      for (const port of [67, 4011]) {
        await client.exec(['perl', raw, '10.77.0.250', '0', '10.77.0.1', String(port), discover])
        for (const hex of ['', '01'])
          await client.exec(['perl', raw, '10.77.0.250', '68', '10.77.0.1', String(port), hex])
      }
      const [offer] = await exchange(client, broadcasting('10.77.0.250', discover, 1))
      expect(offer).toMatchObject({ yiaddr: '10.77.0.100', from: '10.77.0.1', port: 67 })
      await expect.poll(() => dhcp.log.matching(event('malformed'))).toHaveLength(4)
      await expect.poll(() => dhcp.log.matching(event('received'))).toHaveLength(1)
    }))

  it('statement 30: replies come from port 67 and the address of option 54', (test) =>
    withNetns(test, [], async (net) => {
      const { server, client } = await lan(net)
      await serve(net, server)
      await client.ip('address', 'add', '10.77.0.250/24', 'dev', 'eth0')
      const [offer] = await exchange(client, broadcasting('10.77.0.250', wire({}), 1))
      expect(offer).toMatchObject({ from: '10.77.0.1', port: 67 })
      expect([...(offer?.options.get(OPTION.serverIdentifier) ?? [])]).toEqual([10, 77, 0, 1])
    }))
})

describe('statement 39, statement 40: proxy mode beside dnsmasq', () => {
  it('adds boot data to the addresses of the other server', (test) =>
    withNetns(test, ['dnsmasq'], async (net) => {
      const [ours, theirs, client] = [await net.create('ours'), await net.create('theirs'), await net.create('client')]
      await net.bridge(ours, { address: '10.77.0.1/24' })
      await net.plug(ours, 'br0', theirs, { address: '10.77.0.2/24' })
      await net.plug(ours, 'br0', client, { address: '10.77.0.250/24', mac: MAC })
      const flags = ['-k', '-C', '/dev/null', '-p', '0', '-u', 'root', '-l', '/dev/null', '-F', '10.77.0.50,10.77.0.60']
      const dnsmasq = net.start(theirs, 'dnsmasq', ['dnsmasq', ...flags, '-x', join(net.folder, 'pid'), '-8', '-'])
      await dnsmasq.log.waitForLine(/DHCP, IP range/)
      const proxy = await serve(net, ours, { mode: 'proxy', links: [{ interface: 'br0', address: '10.77.0.1' }] })

      const options = pxeOptions(7)
      // dnsmasq unicasts unless asked to broadcast, as edk2 does.
      const discover = wire({ options, flags: BROADCAST_FLAG })
      const offers = await exchange(client, broadcasting('10.77.0.250', discover, 2))
      const ofProxy = offers.find(({ from }) => from === '10.77.0.1')
      const ofDnsmasq = offers.find(({ from }) => from === '10.77.0.2')
      expect(ofProxy).toMatchObject({ yiaddr: '0.0.0.0', siaddr: '10.77.0.1' })
      expect(ofProxy?.options.has(OPTION.vendorSpecific)).toBe(false)
      expect(ofDnsmasq?.yiaddr).toMatch(/^10\.77\.0\.(5\d|60)$/)

      const chosen = [...options, ...selecting(ofDnsmasq!.yiaddr, '10.77.0.2')]
      const request = wire({ type: MESSAGE.request, flags: BROADCAST_FLAG, options: chosen })
      const acks = await exchange(client, { ...broadcasting('10.77.0.250', request, 2), ms: 2000 })
      expect(acks.map(({ from }) => from)).toEqual(['10.77.0.2'])
      await told(proxy, 'foreign-server', '"server":"10.77.0.2"')

      const again = wire({ type: MESSAGE.request, ciaddr: '10.77.0.250', options })
      const [boot] = await exchange(client, {
        listen: ['10.77.0.250', 4011],
        send: [[again, '10.77.0.1', 4011]],
        count: 1,
        ms: 5000,
      })
      expect(boot).toMatchObject({ from: '10.77.0.1', port: 4011, ciaddr: '10.77.0.250', yiaddr: '0.0.0.0' })
      expect(Buffer.from(boot!.file).toString()).toBe('snponly.efi')
    }))
})
