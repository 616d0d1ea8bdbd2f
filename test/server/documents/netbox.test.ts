import { describe, expect, it } from 'vitest'
import { DocumentError } from '../../../server/documents/errors.ts'
import { readNetbox } from '../../../server/documents/netbox.ts'

const read = (value: unknown) => readNetbox(JSON.stringify(value))

/** As NetBox 4.2 answers, shortened. */
const DEVICES = {
  count: 2,
  next: null,
  results: [
    {
      id: 7,
      name: 'web-1',
      role: { id: 1, name: 'Web server', slug: 'web' },
      site: { id: 1, name: 'Berlin', slug: 'ber1' },
      rack: { id: 3, name: 'R12' },
      position: 11.0,
      status: { value: 'active', label: 'Active' },
    },
    { id: 8, name: null, device_role: { slug: 'db' }, site: { slug: 'ber1' } },
  ],
}
const INTERFACES = {
  results: [
    { device: { id: 7, name: 'web-1' }, name: 'eth0', type: { value: '10gbase-t' }, mac_address: '52:54:00:AB:00:01' },
    {
      device: { id: 7 },
      name: 'eth1',
      type: { value: 'other' },
      mac_addresses: [{ mac_address: '52:54:00:AB:00:02' }],
    },
    { device: { id: 7 }, name: 'ipmi', mgmt_only: true, mac_address: '52:54:00:AB:00:03' },
    { device: { id: 7 }, name: 'bond0', type: { value: 'lag' }, mac_address: '52:54:00:AB:00:01' },
    { device: { id: 8 }, name: 'eth0', primary_mac_address: { mac_address: '52:54:00:AB:00:04' } },
  ],
}

describe('readNetbox', () => {
  it('puts devices and interfaces together', () => {
    expect(read({ devices: DEVICES, interfaces: INTERFACES })).toEqual([
      {
        row: 1,
        draft: {
          kind: 'machine',
          name: 'web-1',
          macs: ['52:54:00:ab:00:01', '52:54:00:ab:00:02'],
          labels: { site: 'ber1', rack: 'R12', position: '11', role: 'web' },
        },
      },
      { row: 2, draft: { kind: 'machine', macs: ['52:54:00:ab:00:04'], labels: { site: 'ber1', role: 'db' } } },
    ])
  })

  it('takes devices that have their interfaces with them', () => {
    const device = { name: 'a', interfaces: [{ name: 'eth0', type: 'other', mac_address: '52:54:00:ab:00:01' }] }
    expect(read([device])).toMatchObject([{ row: 1, draft: { name: 'a', macs: ['52:54:00:ab:00:01'] } }])
  })

  it('says by its number which device is none', () => {
    expect(read([{ name: 7 }, { name: 'a', interfaces: [{ mac_address: 'x' }] }])).toMatchObject([
      { row: 1, problem: expect.stringContaining('name') as string },
      { row: 2, name: 'a', problem: 'macs.0: must be a MAC address like 52:54:00:12:34:56' },
    ])
  })

  it('takes no document for a device that has nothing', () => {
    const document = { kind: 'machine', name: 'a', macs: ['52:54:00:ab:00:01'], labels: { rack: 'r1' } }
    expect(read([document])).toEqual([{ row: 1, name: 'a', problem: expect.stringContaining('yaml') as string }])
  })

  it.each(['{', '{}', '7', '{"devices":7}', '{"results":null}'])('refuses %s', (text) => {
    expect(() => readNetbox(text)).toThrowWithCode(DocumentError, 'NETBOX_INVALID')
  })
})
