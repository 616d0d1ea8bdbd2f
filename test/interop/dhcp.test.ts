// DHCP against real clients and servers: udhcpc, dhclient, dhcpcd, systemd-networkd, dhcrelay, dnsmasq, the npm package `dhcp`.

import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { OPTION } from '../../server/dhcp/options.ts'
import type { Namespace } from '../e2e/lab/namespace.ts'
import { MAC, pxeOptions } from '../server/dhcp/messages.ts'
import {
  SERVE,
  SUBNET,
  LAN,
  broadcasting,
  dnsmasq,
  event,
  exchange,
  hookScript,
  hooked,
  lan,
  serve,
  told,
  wire,
} from './dhcp-lan.ts'
import type { ServeConfig } from './dhcp-serve.ts'
import { withNetns } from './netns.ts'

const LOSSY_WIRE = join(import.meta.dirname, 'lossy-wire.py')
const NPM_CLIENT = join(import.meta.dirname, 'dhcp-npm-client.ts')

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

  it('systemd-networkd, whose RELEASE names no server', (test) =>
    withNetns(test, ['unshare'], async (net) => {
      const networkd = '/lib/systemd/systemd-networkd'
      if (!existsSync(networkd)) return test.skip(`needs ${networkd}`)
      const { server, client } = await lan(net)
      const dhcp = await serve(net, server)
      // Folders of its own; a /sys that cannot be written tells it that there is no udev to wait for.
      const own = [
        'mount -t tmpfs none /run',
        'mount -o remount,bind,ro /sys',
        'mkdir -p /run/systemd/network /run/systemd/netif/links /run/systemd/netif/leases /run/systemd/netif/lldp',
        'chown -R systemd-network: /run/systemd/netif',
        'printf "[Match]\\nName=eth0\\n[Network]\\nDHCP=ipv4\\nLinkLocalAddressing=no\\n" > /run/systemd/network/a.network',
      ].join(' && ')
      const program = net.start(client, 'networkd', ['unshare', '--mount', 'sh', '-c', `${own} && exec ${networkd}`])
      await told(dhcp, 'ack', '"address":"10.77.0.100"')
      await expect
        .poll(async () => (await client.ip('address', 'show', 'dev', 'eth0')).stdout)
        .toContain('10.77.0.100/24')
      process.kill(program.pid, 'SIGTERM')
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

describe('behind dhcrelay', () => {
  it('statement 19: a client obtains through the relay, and renews and releases past it', (test) =>
    withNetns(test, ['dhcrelay', 'udhcpc'], async (net) => {
      const [server, relay, client] = [
        await net.create('server'),
        await net.create('relay'),
        await net.create('client'),
      ]
      await net.connect(server, { name: 'lan0', address: '10.77.0.1/24' }, relay, {
        name: 'up0',
        address: '10.77.0.2/24',
      })
      await net.connect(relay, { name: 'down0', address: '10.88.0.1/24' }, client, { mac: MAC })
      await server.ip('route', 'add', '10.88.0.0/24', 'via', '10.77.0.2')
      await relay.exec(['sysctl', '-qw', 'net.ipv4.ip_forward=1'])
      const remote = { cidr: '10.88.0.0/24', ranges: [{ from: '10.88.0.100', to: '10.88.0.199' }], router: '10.88.0.1' }
      const dhcp = await serve(net, server, { ...LAN, subnets: [SUBNET, remote] })
      const links = ['-id', 'down0', '-iu', 'up0']
      const dhcrelay = net.start(relay, 'dhcrelay', ['dhcrelay', '-4', '-d', '-a', ...links, '10.77.0.1'])
      await dhcrelay.log.waitForLine(/Sending on/)
      const udhcpc = net.start(client, 'udhcpc', ['udhcpc', '-f', '-i', 'eth0', '-s', await hookScript(net)])
      await told(dhcp, 'received', '"message":"discover".*"circuitId":"\\w+".*"giaddr":"10.88.0.1"')
      await told(dhcp, 'ack', '"address":"10.88.0.100"')
      await expect.poll(() => hooked(net)).toContain('bound 10.88.0.100')
      await client.ip('route', 'add', 'default', 'via', '10.88.0.1')
      process.kill(udhcpc.pid, 'SIGUSR1')
      await told(dhcp, 'received', '"message":"request".*"from":{"address":"10.88.0.100"')
      await expect.poll(() => hooked(net)).toContain('renew 10.88.0.100')
      process.kill(udhcpc.pid, 'SIGUSR2')
      await told(dhcp, 'release', '"address":"10.88.0.100"')
    }))
})

describe('over a wire that loses 5 %, delays by 20 ms and lets 5 % overtake', () => {
  it.for(['udhcpc', 'dhclient'] as const)('%s obtains and renews', (name, test) =>
    withNetns(test, [name, 'python3'], async (net) => {
      const [server, middle, client] = [
        await net.create('server'),
        await net.create('middle'),
        await net.create('client'),
      ]
      await net.connect(server, { name: 'lan0', address: '10.77.0.1/24' }, middle, { name: 'left' })
      await net.connect(middle, { name: 'right' }, client, { mac: MAC })
      const wire = net.start(middle, 'wire', ['python3', LOSSY_WIRE, 'left', 'right', '0.05', '0.05', '20'])
      await wire.log.waitForLine(/carrying/)
      const dhcp = await serve(net, server)
      const script = await hookScript(net)
      const conf = join(net.folder, 'dhclient.conf')
      await writeFile(conf, 'supersede dhcp-renewal-time 1;\ninitial-interval 1;\n')
      const files = ['-cf', conf, '-lf', join(net.folder, 'leases'), '-pf', join(net.folder, 'pid'), '-sf', script]
      const argv = {
        udhcpc: ['udhcpc', '-f', '-t', '20', '-T', '1', '-i', 'eth0', '-s', script],
        dhclient: ['dhclient', '-4', '-d', ...files, 'eth0'],
      }[name]
      const program = net.start(client, name, argv)
      await told(dhcp, 'ack', '"address":"10.77.0.100"')
      await expect.poll(() => hooked(net), { timeout: 20_000 }).toMatch(/bound 10\.77\.0\.100/i)
      if (name === 'udhcpc') process.kill(program.pid, 'SIGUSR1')
      await expect.poll(() => hooked(net), { timeout: 20_000 }).toMatch(/renew 10\.77\.0\.100/i)
    }),
  )
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

  it('statement 36: tells which socket is taken by a server that does not share, and takes it when it is free', (test) =>
    withNetns(test, ['dnsmasq'], async (net) => {
      const { server } = await lan(net)
      const other = await dnsmasq(net, server)
      const dhcp = await serve(net, server, { ...LAN, retryMs: 300 })
      const reason = /"opening DHCP socket 0\.0\.0\.0:67: another program holds the port/
      expect(dhcp.log.matching(event('port-busy', reason.source))).toHaveLength(1)
      await other.kill()
      await told(dhcp, 'listening')
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

  it('statement 35: an offer takes 600 ms with the conflict check, and 50 ms without', (test) =>
    withNetns(test, [], async (net) => {
      const { server, client } = await lan(net)
      await client.ip('address', 'add', '10.77.0.250/24', 'dev', 'eth0')
      for (const [conflictCheck, limit] of [
        [true, 600],
        [false, 50],
      ] as const) {
        const dhcp = await serve(net, server, { ...LAN, conflictCheck })
        // The first one finds code that has never run.
        for (const n of [1, 2, 3]) {
          const options = broadcasting('10.77.0.250', wire({ mac: `52:54:00:00:0${limit % 7}:0${n}` }), 1)
          const [offer] = await exchange(client, options)
          if (n > 1) expect(offer?.afterMs).toBeLessThan(limit)
          if (conflictCheck) expect(offer?.afterMs).toBeGreaterThanOrEqual(50)
        }
        await dhcp.kill()
      }
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
