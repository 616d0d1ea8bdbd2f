import { describe, expect, it } from 'vitest'
import type { SystemInfo } from '../../../server/contract/system.ts'
import { readIptables } from '../../../server/doctor/firewall.ts'
import { udpSockets } from '../../../server/doctor/host.ts'
import type { HostFacts } from '../../../server/doctor/host.ts'
import { diagnoseNetboot } from '../../../server/doctor/netboot.ts'
import type { NetbootFacts } from '../../../server/doctor/netboot.ts'
import { SYSTEM } from '../http/support.ts'
import { MESSAGE6, encodeMessage } from '../../../server/dhcp6/message.ts'
import { pxeOptions } from '../dhcp/messages.ts'
import { UUID_DUID, message as message6 } from '../dhcp6/messages.ts'
import { MAC, MadeUpBoot } from '../trace/made-up.ts'

const LINK = { interface: 'eth1', address: '10.77.0.1', mode: 'server', state: 'running', problem: null } as const
const LINK6 = { ...LINK, address: 'fd00:77::1', mode: 'stateful' } as const
const landfall = { pid: 7, name: 'node', command: 'node server/cli/landfall.js serve' }
const open = [67, 69, 4011].map((port) => ({ port, process: landfall }))
const ALL_WELL: HostFacts = {
  links: [{ name: 'eth1', carrier: true, addresses: ['10.77.0.1'] }],
  holders: open,
  firewall: readIptables('*filter\n:INPUT ACCEPT [0:0]'),
}

function heard(): MadeUpBoot {
  const boot = new MadeUpBoot()
  boot.dhcp({ options: pxeOptions(7) })
  return boot
}

function problems({ boot = heard(), system = {}, host = {}, ...facts }: Case = {}): string[] {
  const now = boot.clock.now().getTime()
  const server = { system: { ...SYSTEM, dhcp: [LINK], ...system }, overview: boot.trace.overview() }
  return diagnoseNetboot({ server, host: { ...ALL_WELL, ...host }, now, ...facts })
    .filter(({ level }) => level === 'problem')
    .map(({ code }) => code)
}

type Case = { boot?: MadeUpBoot; system?: Partial<SystemInfo>; host?: Partial<HostFacts> } & Partial<
  Omit<NetbootFacts, 'host'>
>

describe('doctor netboot', () => {
  it('counts packets as people do', () => {
    const boot = heard()
    const now = boot.clock.now().getTime()
    const server = { system: { ...SYSTEM, dhcp: [LINK] }, overview: boot.trace.overview() }
    const messages = diagnoseNetboot({ server, host: ALL_WELL, now }).map(({ message }) => message)
    expect(messages).toContainEqual(expect.stringMatching(/^1 DHCP packet arrived, .*; 0 TFTP requests$/))
  })

  it.each<[name: string, facts: Case, codes: string[]]>([
    ['nothing where all is well', {}, []],
    ['that DHCP is off', { system: { dhcp: [] } }, ['DHCP_OFF']],
    ['that DHCP failed', { system: { dhcp: [{ ...LINK, state: 'failed', problem: 'taken' }] } }, ['DHCP_FAILED']],
    ['what the server warns of', { system: { warnings: ['the installer is not built'] } }, ['SERVER_WARNING']],
    ['a link that is not there', { host: { links: [] } }, ['LINK_MISSING']],
    [
      'a link without carrier',
      { host: { links: [{ name: 'eth1', carrier: false, addresses: ['10.77.0.1'] }] } },
      ['LINK_DOWN'],
    ],
    [
      'an address that is gone',
      { host: { links: [{ name: 'eth1', carrier: true, addresses: [] }] } },
      ['LINK_ADDRESS'],
    ],
    ['ports that nobody has', { host: { holders: [] } }, ['PORT_CLOSED', 'PORT_CLOSED', 'PORT_CLOSED']],
    [
      'a port that somebody else has',
      {
        host: { holders: [...open, { port: 67, process: { pid: 9, name: 'dnsmasq', command: '/usr/sbin/dnsmasq' } }] },
      },
      ['PORT_TAKEN'],
    ],
    [
      'a firewall that drops',
      { host: { firewall: readIptables('*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p udp --dport 69 -j DROP') } },
      ['FIREWALL_DROPS'],
    ],
    ['that nothing arrives', { boot: new MadeUpBoot() }, ['NOTHING_HEARD']],
    [
      'what DHCPv6 alone needs, and nothing else',
      { system: { dhcp: [LINK6] }, host: { links: [{ name: 'eth1', carrier: true, addresses: [LINK6.address] }] } },
      ['PORT_CLOSED'],
    ],
    [
      'another server of DHCPv6',
      {
        system: { dhcp: [LINK6] },
        host: {
          links: [{ name: 'eth1', carrier: true, addresses: [LINK6.address] }],
          holders: [547, 69].map((port) => ({ port, process: landfall })),
        },
        boot: heard().dhcp6(encodeMessage(message6({ type: MESSAGE6.request, server: UUID_DUID }))),
      },
      ['OTHER_SERVER'],
    ],
    ['strangers in trouble', { boot: heard().wait(60) }, ['OFFER_NOT_REQUESTED']],
    [
      'a machine that was never heard',
      { client: { name: 'web-07', trace: { clients: [MAC], boots: [] } } },
      ['CLIENT_NOT_HEARD'],
    ],
    [
      'what came of a machine',
      { client: { name: MAC, trace: heard().wait(60).trace.of([MAC]) } },
      ['OFFER_NOT_REQUESTED'],
    ],
    [
      'a server that does not answer, and who has its port',
      {
        server: { unreachable: 'ECONNREFUSED', next: 'landfall serve' },
        host: { holders: [{ port: 67, process: { pid: 9, name: 'dnsmasq', command: 'dnsmasq' } }] },
      },
      ['SERVER_UNREACHABLE', 'PORT_TAKEN'],
    ],
  ])('finds %s', (_, facts, codes) => {
    expect(problems(facts)).toEqual(codes)
  })

  it('takes another DHCP server for a fault as server, and for normal as proxy', () => {
    const boot = heard()
    const client = { kind: 'pxe', netboot: true, mac: MAC, userClasses: [] } as const
    boot.dhcpEvent({ type: 'foreign-server', server: '10.77.0.254', client: { ...client, userClasses: [] } })
    expect(problems({ boot })).toEqual(['OTHER_SERVER'])
    expect(problems({ boot, system: { dhcp: [{ ...LINK, mode: 'proxy' }] } })).toEqual([])
  })

  it('says what it could not look at', () => {
    const now = Date.now()
    const server = { system: { ...SYSTEM, dhcp: [LINK] }, overview: heard().trace.overview() }
    const found = diagnoseNetboot({ server, host: undefined, now })
    expect(found).toContainEqual(expect.objectContaining({ code: 'HOST_NOT_CHECKED', level: 'note' }))
  })
})

it('reads who holds UDP ports from the kernel', () => {
  const table = [
    '   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops',
    '  395: 00000000:0043 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 21044 2 0000000000000000 0',
  ].join('\n')
  expect(udpSockets(table)).toEqual([{ port: 67, inode: '21044' }])
})
