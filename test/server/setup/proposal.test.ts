import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freeRanges, gatewayOf, networkOf, proposedConfig } from '../../../server/setup/proposal.ts'
import { writeConfig } from '../../../server/setup/write-config.ts'
import { thisHost } from '../../../server/config/defaults.ts'
import { loadConfig } from '../../../server/config/load.ts'
import { DHCP_CHOICES } from '../../../server/contract/network.ts'

const LINK = { name: 'eth1', address: '10.77.0.1', cidr: '10.77.0.1/24', gateway: undefined }
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'landfall-setup-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('addresses to give', () => {
  it.each([
    ['10.77.0.1/24', ['10.77.0.1'], ['10.77.0.128-10.77.0.254']],
    ['10.77.0.200/24', ['10.77.0.200'], ['10.77.0.128-10.77.0.199', '10.77.0.201-10.77.0.254']],
    ['10.77.0.254/24', ['10.77.0.254', '10.77.0.129'], ['10.77.0.128', '10.77.0.130-10.77.0.253']],
    ['192.168.0.1/16', [], ['192.168.255.55-192.168.255.254']],
    ['200.0.0.1/29', [], ['200.0.0.4-200.0.0.6']],
  ])('of %s without %j are %j', (cidr, taken, ranges) => {
    expect(freeRanges(cidr, taken)).toEqual(ranges)
  })

  it('are none in a network without room', () => {
    expect(() => freeRanges('10.0.0.1/30', [])).toThrow(/no room/)
  })

  it('are of the network of the link', () => {
    expect(networkOf('200.1.2.3/20')).toBe('200.1.0.0/20')
  })
})

it.each(DHCP_CHOICES)('proposes a configuration that the server takes: %s', (mode) => {
  const file = join(folder, 'landfall.toml')
  writeFileSync(file, proposedConfig(LINK, { mode, router: '10.77.0.254' }))
  const host = { ...thisHost(), addressOf: () => LINK.address }
  const { config } = loadConfig({ file, env: {}, host })
  expect(config.dhcp).toMatchObject({ mode, interface: 'eth1' })
  expect(config.dhcp.subnet?.cidr).toBe(mode === 'proxy' ? undefined : '10.77.0.0/24')
})

it('finds the gateway of a link', () => {
  const table = 'Iface\tDestination\tGateway\neth0\t00000000\t010012AC\t0003\neth1\t00004D0A\t00000000\t0001'
  expect([gatewayOf(table, 'eth0'), gatewayOf(table, 'eth1')]).toEqual(['172.18.0.1', undefined])
})

describe('a configuration is written', () => {
  const check = () => {}

  it('whole, and not over one that is there unless that is wanted', async () => {
    const file = join(folder, 'new/landfall.toml')
    await writeConfig(file, 'a', { replace: false, check })
    await expect(writeConfig(file, 'b', { replace: false, check })).rejects.toThrow(/is there already/)
    expect(readFileSync(file, 'utf8')).toBe('a')
    await writeConfig(file, 'b', { replace: true, check })
    expect(readFileSync(file, 'utf8')).toBe('b')
    expect(readdirSync(join(folder, 'new'))).toEqual(['landfall.toml'])
  })

  it('not at all when the server would refuse it', async () => {
    const refuse = () => {
      throw new Error('no such key')
    }
    await expect(writeConfig(join(folder, 'x.toml'), 'a', { replace: false, check: refuse })).rejects.toThrow(/no such/)
    expect(readdirSync(folder)).toEqual([])
  })
})
