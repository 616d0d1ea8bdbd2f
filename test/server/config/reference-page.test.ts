import { describe, expect, it } from 'vitest'
import { referencePage } from '../../../server/config/reference-page.ts'
import { settings } from '../../../server/config/settings.ts'

describe('docs/reference/configuration.md', () => {
  it('says what the schema says; `vitest run test/server/config -u` writes it anew', async () => {
    await expect(referencePage()).toMatchFileSnapshot('../../../docs/reference/configuration.md')
  })
})

describe('settings', () => {
  it('have variables, flags and attributes of one form', () => {
    expect(settings.find(({ path }) => path === 'dhcp.subnet.leaseSeconds')).toMatchObject({
      variable: 'LANDFALL_DHCP_SUBNET_LEASE_SECONDS',
      flag: '--dhcp-subnet-lease-seconds',
      attribute: 'dhcpSubnetLeaseSeconds',
      type: 'number',
      defaultText: '`3600`',
    })
    expect(settings.find(({ path }) => path === 'dhcp.mode')).toMatchObject({ placeholder: 'off|server|proxy|auto' })
    for (const key of ['path', 'variable', 'flag', 'attribute'] as const) {
      expect(new Set(settings.map((setting) => setting[key])).size, key).toBe(settings.length)
    }
  })
})
