import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ConfigError } from '../../../server/config/errors.ts'
import type { SystemInfo } from '../../../server/contract/system.ts'
import { SetupError } from '../../../server/setup/errors.ts'
import { NetworkSetup } from '../../../server/setup/network-setup.ts'
import type { NetworkSetupPorts } from '../../../server/setup/network-setup.ts'
import { SYSTEM } from '../http/support.ts'

const LINK = { name: 'eth1', address: '10.77.0.1', cidr: '10.77.0.1/24', gateway: '10.77.0.254' }
const SMALL = { name: 'eth2', address: '10.0.0.1', cidr: '10.0.0.1/30', gateway: undefined }
const CHANGE = { interface: 'eth1', mode: 'auto', dryRun: false } as const
const DHCP = { mode: 'off', interfaces: [] } as unknown as NetworkSetupPorts['config']['dhcp']

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'landfall-network-'))
  file = join(folder, 'network.toml')
})
afterEach(() => rmSync(folder, { recursive: true }))

function setup(ports: Partial<NetworkSetupPorts> = {}): NetworkSetup {
  return new NetworkSetup({
    config: { dataDir: folder, dhcp: DHCP, http: { port: 8080 } as NetworkSetupPorts['config']['http'] },
    origins: { 'dhcp.mode': 'default', 'http.port': 'landfall.toml:1' },
    links: () => [LINK, SMALL],
    probe: async () => 'silence',
    host: async () => ({ links: [], holders: [], firewall: new Map() }),
    system: () => SYSTEM,
    overview: () => ({
      wire: {
        since: SYSTEM.startedAt,
        dhcpReceived: 0,
        dhcpMalformed: 0,
        dhcpLastAt: null,
        tftpReceived: 0,
        tftpLastAt: null,
        otherServers: [],
      },
      clients: [],
    }),
    check: () => {},
    ...ports,
  })
}

const codes = async (network: NetworkSetup, link = 'eth1') => (await network.check(link)).map(({ code }) => code)

it('shows the links of the host, and what could be given there', () => {
  expect(setup().look()).toEqual({
    links: [
      { ...LINK, pool: ['10.77.0.128-10.77.0.253'] },
      { ...SMALL, gateway: null, pool: [] },
    ],
    mode: 'off',
    interfaces: [],
    setBy: null,
  })
})

describe('a test of the network', () => {
  it.each([
    ['silence', 'NO_OTHER_SERVER'],
    [{ server: '10.77.0.2' }, 'OTHER_SERVER'],
    [{ failed: 'EACCES' }, 'PROBE_FAILED'],
  ] as const)('tells of %j', async (answer, code) => {
    expect(await codes(setup({ probe: async () => answer }))).toEqual([code, 'FIREWALL_PASSES'])
  })

  it('asks nobody on a link that is served: it would hear itself', async () => {
    const dhcp: SystemInfo['dhcp'] = [
      { interface: 'eth1', address: '10.77.0.1', mode: 'server', state: 'running', problem: null },
    ]
    const network = setup({
      system: () => ({ ...SYSTEM, dhcp }),
      probe: () => Promise.reject(new Error('asked')),
    })
    expect(await codes(network)).toContain('DHCP_ON')
  })

  it('is of links that are there', async () => {
    await expect(setup().check('eth7')).rejects.toThrowWithCode(SetupError, 'LINK_UNKNOWN')
  })
})

describe('a change', () => {
  it('is written and has the server start anew', async () => {
    let restarts = 0
    const changed = await setup({ restart: () => restarts++ }).change(CHANGE)
    expect(changed).toMatchObject({ file, written: true, restarting: true, next: [] })
    expect(readFileSync(file, 'utf8')).toBe(changed.config)
    expect(changed.config).toContain('router = "10.77.0.254"')
    expect(restarts).toBe(1)
  })

  it('takes the place of one before', async () => {
    await setup().change(CHANGE)
    await setup({ origins: { 'dhcp.mode': `${file}:5` } }).change({ ...CHANGE, mode: 'proxy' })
    expect(readFileSync(file, 'utf8')).toContain('mode = "proxy"')
  })

  it('says who restarts a server that cannot do so itself', async () => {
    expect(await setup().change(CHANGE)).toMatchObject({
      restarting: false,
      next: [expect.stringContaining('systemctl')],
    })
  })

  it('is only shown when that is wanted', async () => {
    const changed = await setup({ restart: () => expect.unreachable() }).change({
      ...CHANGE,
      router: null,
      dryRun: true,
    })
    expect(changed).toMatchObject({ written: false, config: expect.not.stringContaining('router') })
    expect(existsSync(file)).toBe(false)
  })

  it.each<[string, Partial<NetworkSetupPorts>, object, string]>([
    ['where settings stand elsewhere', { origins: { 'dhcp.subnet.cidr': '/etc/l.toml:3' } }, {}, 'SET_ELSEWHERE'],
    ['of a link that is not there', {}, { interface: 'eth7' }, 'LINK_UNKNOWN'],
    ['to give addresses where there are none', {}, { interface: 'eth2' }, 'NO_ROOM'],
    [
      'that the server would refuse',
      {
        check: () => {
          throw new ConfigError('CONTRADICTION', 'dhcp.subnet.pool: 10.99.0.1 is outside of 10.77.0.0/24')
        },
      },
      {},
      'SETTINGS_REFUSED',
    ],
  ])('%s is refused', async (_, ports, change, code) => {
    const network = setup({ ...ports, restart: () => expect.unreachable() })
    await expect(network.change({ ...CHANGE, ...change })).rejects.toThrowWithCode(SetupError, code)
    expect(existsSync(file)).toBe(false)
  })
})
