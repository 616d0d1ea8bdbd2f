// A boot on a wire, by hand: what the server tells of it, what tshark makes of its packets, and what the doctor finds.

import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Namespace } from '../e2e/lab/namespace.ts'
import type { LabProcess } from '../e2e/lab/process.ts'
import { replayed } from '../server/trace/made-up.ts'
import { withNetns, type Netns } from './netns.ts'

const COMMAND = resolve(import.meta.dirname, '../../server/cli/landfall.js')
const FIXTURES = resolve(import.meta.dirname, '../fixtures/dhcp')
const FIXTURE = join(FIXTURES, 'ovmf-pxe-then-ipxe.txt')
const CHECKS = ['-o', 'udp.check_checksum:TRUE', '-o', 'ip.check_checksum:TRUE']
const hasTshark = existsSync('/usr/bin/tshark')
const MAC = '52:54:00:a5:68:e6'
const ADDRESS = '10.77.0.1'
const DHCP = ['--dhcp-mode', 'server', '--dhcp-interface', 'lan0', '--dhcp-subnet-cidr', '10.77.0.0/24']
const POOL = ['--dhcp-subnet-pool', '10.77.0.100-10.77.0.199']

describe('a boot that breaks off', () => {
  it('is told with its reason, as packets that tshark reads, and by the doctor', { timeout: 180_000 }, (test) =>
    withNetns(test, ['tshark'], async (net) => {
      const { server, client } = await lan(net)
      const silent = await landfall(net, server, ['doctor', 'netboot'])
      expect(silent).toMatchObject({ code: 3, text: expect.stringContaining('SERVER_UNREACHABLE') })
      await serving(net, server)

      const unheard = await landfall(net, server, ['doctor', 'netboot', MAC])
      expect(unheard.code).toBe(1)
      for (const code of ['DHCP_ON', 'LINK_UP', 'NOTHING_HEARD', 'CLIENT_NOT_HEARD'])
        expect(unheard.text).toContain(code)

      await boot(net, client)
      const story = await landfall(net, server, ['machine', 'trace', MAC])
      expect(story.text).toMatch(/DISCOVER from x64 UEFI firmware \(PXE\): offered 10\.77\.0\.100 and snponly\.efi/)
      expect(story.text).toContain('architecture type 7 (x64 UEFI); user class absent')
      expect(story.text).toMatch(/asked for snponly\.efi by TFTP, which is not here/)
      expect(story.text).toContain('LOADER_NOT_FOUND')

      const capture = join(net.folder, 'boot.pcap')
      expect((await landfall(net, server, ['machine', 'trace', MAC, '--pcap', capture])).code).toBe(0)
      const fields = ['-T', 'fields', '-e', 'dhcp.option.dhcp', '-e', 'tftp.opcode', '-e', 'udp.checksum.status']
      const read = await run(net, server, ['tshark', '-r', capture, ...CHECKS, ...fields])
      expect(read.text.split('\n').filter((line) => /^\d?\t/.test(line))).toEqual([
        '1\t\t1',
        '2\t\t1',
        '3\t\t1',
        '5\t\t1',
        '\t1\t1',
      ])
      const bad = await run(net, server, [
        'tshark',
        '-r',
        capture,
        ...CHECKS,
        '-Y',
        '_ws.malformed || _ws.expert.severity == error',
      ])
      expect(bad.code).toBe(0)
      expect(bad.text.split('\n').filter((line) => /^\s*\d+ /.test(line))).toEqual([])

      await server.ip('link', 'set', 'lan0', 'up')
      await run(net, server, ['iptables', '-A', 'INPUT', '-p', 'udp', '--dport', '69', '-j', 'DROP'])
      const found = await landfall(net, server, ['doctor', 'netboot', MAC, '-o', 'json'])
      expect(found.code).toBe(1)
      for (const code of ['FIREWALL_DROPS', 'PACKETS_ARRIVE', 'CLIENT_HEARD', 'LOADER_NOT_FOUND', 'PORT_OPEN']) {
        expect(found.text).toContain(`"code": "${code}"`)
      }
    }),
  )
})

describe.skipIf(!hasTshark)(`captures of replayed firmware${hasTshark ? '' : ' (skipped: needs tshark)'}`, () => {
  it.each(readdirSync(FIXTURES).filter((name) => name.endsWith('.txt')))(
    '%s is DHCP to tshark, whole and sound',
    async (name) => {
      const { trace } = replayed(name)
      const [{ client } = { client: '' }] = trace.overview().clients
      const folder = await mkdtemp(join(tmpdir(), 'landfall-pcap-'))
      onTestFinished(() => rm(folder, { recursive: true, force: true }))
      const file = join(folder, 'boot.pcap')
      const pcap = trace.pcap([client])
      await writeFile(file, pcap)
      const decode = async (filter: string): Promise<string[]> => {
        const { stdout } = await promisify(execFile)('tshark', ['-r', file, ...CHECKS, '-Y', filter])
        return stdout.split('\n').filter((line) => line !== '')
      }
      const packets = readFileSync(join(FIXTURES, name), 'utf8').match(/^[<>] /gm)!.length
      expect(await decode('dhcp && ip.checksum.status == 1 && udp.checksum.status == 1')).toHaveLength(packets)
      expect(await decode('_ws.malformed')).toEqual([])
    },
  )
})

async function lan(net: Netns): Promise<{ server: Namespace; client: Namespace }> {
  const [server, client] = [await net.create('server'), await net.create('client')]
  await net.connect(server, { name: 'lan0', address: `${ADDRESS}/24` }, client, { mac: MAC })
  return { server, client }
}

async function serving(net: Netns, server: Namespace): Promise<void> {
  const argv = [process.execPath, COMMAND, 'serve', '--data-dir', join(net.folder, 'data'), ...DHCP, ...POOL]
  const process_ = net.start(server, 'landfall', argv)
  await process_.log.waitForLine(/^Landfall \S+ serves /, { timeout: 30_000 })
}

let runs = 0

async function run(net: Netns, where: Namespace, argv: string[]): Promise<{ code: number | null; text: string }> {
  const started: LabProcess = net.start(where, `run-${++runs}`, argv)
  const { code } = await started.exited
  return { code, text: started.log.matching(/^/).join('\n') }
}

function landfall(net: Netns, server: Namespace, args: string[]): Promise<{ code: number | null; text: string }> {
  return run(net, server, [process.execPath, COMMAND, '--data-dir', join(net.folder, 'data'), ...args])
}

/** What OVMF sent, from its ports: DISCOVER and REQUEST, then a TFTP request from the address it was given. */
async function boot(net: Netns, client: Namespace): Promise<void> {
  const asked = readFileSync(FIXTURE, 'utf8')
    .split('\n')
    .flatMap((line) => /^> 67 \S+ ([0-9a-f]+)$/.exec(line)?.[1] ?? [])
  const file = join(net.folder, 'boot.cjs')
  const tftp = Buffer.from('\0\x01snponly.efi\0octet\0tsize\x000\0', 'latin1').toString('hex')
  await writeFile(
    file,
    `const { createSocket } = require('dgram')
     const { execFileSync } = require('child_process')
     const dhcp = createSocket({ type: 'udp4', reuseAddr: true })
     const asked = ${JSON.stringify(asked.slice(0, 2))}.map((hex) => Buffer.from(hex, 'hex'))
     dhcp.bind(68, '0.0.0.0', () => {
       dhcp.setBroadcast(true)
       dhcp.send(asked[0], 67, '255.255.255.255')
     })
     let answers = 0
     dhcp.on('message', () => {
       if (++answers === 1) return dhcp.send(asked[1], 67, '255.255.255.255')
       execFileSync('ip', ['address', 'replace', '10.77.0.100/24', 'dev', 'eth0'])
       const tftp = createSocket('udp4')
       tftp.bind(2070, '10.77.0.100', () => tftp.send(Buffer.from('${tftp}', 'hex'), 69, '${ADDRESS}'))
       tftp.on('message', () => (console.log('refused'), process.exit(0)))
     })`,
  )
  await client.ip('address', 'replace', '10.77.0.250/24', 'dev', 'eth0')
  // A broadcast to everywhere leaves by the default route.
  await client.ip('route', 'add', 'default', 'dev', 'eth0')
  const firmware = net.start(client, 'firmware', [process.execPath, file])
  await firmware.log.waitForLine(/refused/)
}
