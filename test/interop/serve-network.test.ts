// The whole server on a wire: ports that are taken, garbage by datagram, a lease that survives a crash.

import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { isIPv6 } from 'node:net'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Namespace } from '../e2e/lab/namespace.ts'
import type { LabProcess } from '../e2e/lab/process.ts'
import { withNetns, type Netns } from './netns.ts'

const COMMAND = resolve(import.meta.dirname, '../../server/cli/landfall.js')
const ADDRESS = '10.77.0.1'
const DHCP = ['--dhcp-mode', 'server', '--dhcp-interface', 'lan0', '--dhcp-subnet-cidr', '10.77.0.0/24']
const POOL = ['--dhcp-subnet-pool', '10.77.0.100-10.77.0.199']

describe('on a wire', () => {
  it('a TFTP port that is taken ends the start with one clear line', (test) =>
    withNetns(test, [], async (net) => {
      const { server } = await lan(net)
      await squat(net, server, ADDRESS, 69)
      const landfall = start(net, server)
      expect(await landfall.exited).toEqual({ code: 1, signal: null })
      const [line] = landfall.log.matching(/^landfall: /)
      expect(line).toMatch(/TFTP socket 10\.77\.0\.1:69: another program holds the port/)
      expect(line).toContain('(ADDRESS_IN_USE)')
      expect(landfall.log.matching(/^\s+at /)).toEqual([])
    }))

  it('statement 36: a DHCP port that is taken is a warning, and the rest of Landfall serves', (test) =>
    withNetns(test, ['curl'], async (net) => {
      const { server } = await lan(net)
      await squat(net, server, '0.0.0.0', 67)
      const landfall = await serving(net, server)
      await landfall.log.waitForLine(
        /^Warning: DHCP on lan0 does not run: .*0\.0\.0\.0:67: another program holds the port/,
      )
      const { stdout } = await server.exec(['curl', '-sf', `http://${ADDRESS}:8080/boot/ca.pem`])
      expect(stdout).toContain('BEGIN CERTIFICATE')
    }))

  it('a DHCPv6 port that is taken is a warning as well', (test) =>
    withNetns(test, [], async (net) => {
      const { server } = await lan(net)
      await server.ip('address', 'add', 'fd00:77::1/64', 'dev', 'lan0', 'nodad')
      await squat(net, server, '::', 547)
      const landfall = await serving(net, server, ['--dhcp6-mode', 'stateless', '--dhcp6-interface', 'lan0'])
      await landfall.log.waitForLine(/^Warning: DHCPv6 on lan0 does not run: .*547.*: another program holds the port/)
    }))

  it('garbage to DHCP, proxyDHCP and TFTP breaks nothing: a client gets its lease afterwards, and again after a crash', (test) =>
    withNetns(test, ['udhcpc'], async (net) => {
      const { server, client } = await lan(net)
      const first = await serving(net, server)
      await client.ip('address', 'replace', '10.77.0.250/24', 'dev', 'eth0')
      await throwDatagrams(net, client)
      await client.ip('address', 'flush', 'dev', 'eth0')
      expect(await lease(net, client)).toBe('10.77.0.100')
      expect(first.log.matching(/"level":"(error|fatal)"/)).toEqual([])

      await first.kill()
      await serving(net, server)
      expect(await lease(net, client)).toBe('10.77.0.100')
    }))
})

async function lan(net: Netns): Promise<{ server: Namespace; client: Namespace }> {
  const [server, client] = [await net.create('server'), await net.create('client')]
  await net.connect(server, { name: 'lan0', address: `${ADDRESS}/24` }, client, { mac: '52:54:00:00:00:42' })
  return { server, client }
}

/** A program that holds a port and shares it with nobody. */
async function squat(net: Netns, server: Namespace, address: string, port: number): Promise<void> {
  const code = `require('dgram').createSocket('${isIPv6(address) ? 'udp6' : 'udp4'}').bind({ address: '${address}', port: ${port}, exclusive: true }, () => console.log('holding'))`
  const squatter = net.start(server, `squatter-${port}`, [process.execPath, '-e', code])
  await squatter.log.waitForLine(/holding/)
}

function start(net: Netns, server: Namespace, flags: readonly string[] = []): LabProcess {
  const argv = [process.execPath, COMMAND, 'serve', '--data-dir', join(net.folder, 'data'), ...DHCP, ...POOL, ...flags]
  return net.start(server, 'landfall', argv)
}

async function serving(net: Netns, server: Namespace, flags?: readonly string[]): Promise<LabProcess> {
  const landfall = start(net, server, flags)
  await landfall.log.waitForLine(/^Landfall \S+ serves /, { timeout: 30_000 })
  return landfall
}

/** Random bytes, cut packets, and packets with random bytes where options are. */
async function throwDatagrams(net: Netns, client: Namespace): Promise<void> {
  const file = join(net.folder, 'datagrams.json')
  const header = Buffer.alloc(240)
  header.set([1, 1, 6, 0])
  header.set([0x63, 0x82, 0x53, 0x63], 236)
  const datagrams = Array.from({ length: 600 }, (_, n) => {
    const noise = randomBytes(n)
    return (n % 3 === 0 ? noise : n % 3 === 1 ? header.subarray(0, n) : Buffer.concat([header, noise])).toString(
      'base64',
    )
  })
  await writeFile(file, JSON.stringify(datagrams))
  const code = `
    const socket = require('dgram').createSocket('udp4')
    const datagrams = JSON.parse(require('fs').readFileSync(${JSON.stringify(file)}))
    let left = datagrams.length * 3
    for (const text of datagrams) for (const port of [67, 4011, 69])
      socket.send(Buffer.from(text, 'base64'), port, '${ADDRESS}', () => --left || setTimeout(() => (console.log('sent'), socket.close()), 500))`
  const sender = net.start(client, 'sender', [process.execPath, '-e', code])
  await sender.log.waitForLine(/sent/)
}

/** The address that udhcpc is given; nothing of the host is changed. */
async function lease(net: Netns, client: Namespace): Promise<string> {
  const udhcpc = net.start(client, 'udhcpc', ['udhcpc', '-f', '-q', '-i', 'eth0', '-s', '/bin/true'])
  const [, address] = await udhcpc.log.waitForLine(/lease of (\S+) obtained/)
  return address!
}
