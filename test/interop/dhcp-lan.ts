// One server and its clients on a wire, for the tests of DHCP with real programs.

import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BOOTREPLY, decodePacket, encodePacket, type DhcpPacket } from '../../server/dhcp/packet.ts'
import type { Namespace } from '../e2e/lab/namespace.ts'
import type { LabProcess } from '../e2e/lab/process.ts'
import { MAC, message, type MessageParts } from '../server/dhcp/messages.ts'
import type { DatagramPlan } from './datagrams.ts'
import type { ServeConfig } from './dhcp-serve.ts'
import type { Netns } from './netns.ts'

export const SUBNET = {
  cidr: '10.77.0.0/24',
  ranges: [{ from: '10.77.0.100', to: '10.77.0.199' }],
  router: '10.77.0.1',
  dns: ['10.77.0.1'],
  domain: 'lab.test',
}
export const LAN: ServeConfig = { links: [{ interface: 'lan0', address: '10.77.0.1' }], subnets: [SUBNET] }
export const SERVE = join(import.meta.dirname, 'dhcp-serve.ts')
const DATAGRAMS = join(import.meta.dirname, 'datagrams.ts')

/** A server on lan0 and a client on eth0, joined by a wire; no default route anywhere. */
export async function lan(net: Netns): Promise<{ server: Namespace; client: Namespace }> {
  const [server, client] = [await net.create('server'), await net.create('client')]
  await net.connect(server, { name: 'lan0', address: '10.77.0.1/24' }, client, { mac: MAC })
  return { server, client }
}

/** Ours at 10.77.0.1 on br0, the other server's host at .2, and a client at .250 to ask from. */
export async function threeHosts(net: Netns): Promise<{ ours: Namespace; theirs: Namespace; client: Namespace }> {
  const [ours, theirs, client] = [await net.create('ours'), await net.create('theirs'), await net.create('client')]
  await net.bridge(ours, { address: '10.77.0.1/24' })
  await net.plug(ours, 'br0', theirs, { address: '10.77.0.2/24' })
  await net.plug(ours, 'br0', client, { address: '10.77.0.250/24', mac: MAC })
  return { ours, theirs, client }
}

export async function serve(net: Netns, namespace: Namespace, config: ServeConfig = LAN): Promise<LabProcess> {
  const program = net.start(namespace, 'landfall', [process.execPath, SERVE, JSON.stringify(config)])
  await program.log.waitForLine(/"serving"/, { timeout: 50_000 })
  return program
}

export const event = (type: string, rest = '') => new RegExp(`^{"type":"${type}".*${rest}`)

/** Waits for an event of the server after those already seen. */
export async function told(program: LabProcess, type: string, rest = ''): Promise<void> {
  await program.log.waitForLine(event(type, rest), { timeout: 50_000 })
}

/** A script for clients to call instead of the host's own, which would touch the host's resolv.conf. */
export async function hookScript(net: Netns): Promise<string> {
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

export const hooked = (net: Netns): Promise<string> => readFile(join(net.folder, 'hook.log'), 'utf8').catch(() => '')

/** Sends messages from inside; returns the replies that came in time. */
export async function exchange(
  namespace: Namespace,
  plan: DatagramPlan,
): Promise<(DhcpPacket & { from: string; port: number; afterMs: number })[]> {
  const { stdout } = await namespace.exec([process.execPath, DATAGRAMS, JSON.stringify(plan)])
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const { hex, ...rest } = JSON.parse(line) as { hex: string; from: string; port: number; afterMs: number }
      const decoded = decodePacket(Buffer.from(hex, 'hex'), BOOTREPLY)
      if (!('packet' in decoded)) throw new Error(`reply from ${rest.from} is malformed: ${decoded.malformed}`)
      return { ...decoded.packet, ...rest }
    })
}

export const wire = (parts: MessageParts) => Buffer.from(encodePacket(message(parts))).toString('hex')
/** A client with some address already, so that Node can send broadcasts from it. */
export const broadcasting = (address: string, hex: string, count: number): DatagramPlan => ({
  listen: ['0.0.0.0', 68],
  from: [address, 1068],
  send: [[hex, '255.255.255.255', 67]],
  count,
  ms: 5000,
})

/** Another server, with 10.77.0.50 to 60 to give. */
export async function dnsmasq(net: Netns, namespace: Namespace, ...more: string[]): Promise<LabProcess> {
  const own = [
    '-k',
    '-C',
    '/dev/null',
    '-p',
    '0',
    '-u',
    'root',
    '-l',
    '/dev/null',
    '-x',
    join(net.folder, 'dnsmasq.pid'),
  ]
  const range = ['-F', '10.77.0.50,10.77.0.60', '-8', '-']
  const program = net.start(namespace, 'dnsmasq', ['dnsmasq', ...own, ...range, ...more])
  await program.log.waitForLine(/DHCP, IP range/)
  return program
}

/** The same of Kea, on interface `link`. */
export async function kea(net: Netns, namespace: Namespace, link: string): Promise<LabProcess> {
  const config = {
    Dhcp4: {
      'interfaces-config': { interfaces: [link] },
      'lease-database': { type: 'memfile', persist: true, name: join(net.folder, 'kea-leases.csv') },
      subnet4: [{ id: 1, subnet: '10.77.0.0/24', pools: [{ pool: '10.77.0.50 - 10.77.0.60' }] }],
      loggers: [{ name: 'kea-dhcp4', severity: 'INFO', output_options: [{ output: 'stdout' }] }],
    },
  }
  const file = join(net.folder, 'kea.json')
  await writeFile(file, JSON.stringify(config))
  const folders = [`KEA_PIDFILE_DIR=${net.folder}`, `KEA_LOCKFILE_DIR=${net.folder}`]
  const program = net.start(namespace, 'kea', ['env', ...folders, 'kea-dhcp4', '-c', file])
  await program.log.waitForLine(/DHCP4_STARTED/, { timeout: 50_000 })
  return program
}
