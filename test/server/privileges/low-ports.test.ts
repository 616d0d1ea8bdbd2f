import { describe, expect, it } from 'vitest'
import { withDefaults } from '../../../server/config/defaults.ts'
import { ConfigInput } from '../../../server/config/schema.ts'
import { needsLowPorts } from '../../../server/privileges/low-ports.ts'

const host = {
  name: 'h',
  isRoot: true,
  home: '/root',
  isTerminal: false,
  interfaces: [],
  addressOf: () => '10.77.0.1',
  addressOf6: () => 'fd00:77::1',
  hasIpv6: false,
}

describe('needsLowPorts', () => {
  it.each([
    ['nothing but high ports', { dhcp: { mode: 'off' } }, 1024, false],
    ['what the set-up page may decide yet', {}, 1024, true],
    ['HTTP on 80', { http: { port: 80 } }, 1024, true],
    ['HTTPS on 443', { https: { port: 443 } }, 1024, true],
    ['ports that everybody may open here', { https: { port: 443 }, dhcp: { mode: 'off' } }, 443, false],
    ['TFTP', { tftp: { enabled: true } }, 1024, true],
    ['TFTP on a high port', { tftp: { enabled: true, port: 6900 }, dhcp: { mode: 'off' } }, 1024, false],
    ['DHCPv6', { dhcp6: { mode: 'stateless', interface: 'lan0' }, tftp: { enabled: false } }, 1024, true],
    ['DHCP', { dhcp: { mode: 'proxy', interface: 'lan0' }, tftp: { enabled: false } }, 1024, true],
  ] as const)('%s', (_, input, first, expected) => {
    const origins = { 'dhcp.mode': 'dhcp' in input ? 'landfall.toml:2' : 'default' }
    expect(needsLowPorts({ config: withDefaults(ConfigInput.parse(input), host), origins }, first)).toBe(expected)
  })
})
