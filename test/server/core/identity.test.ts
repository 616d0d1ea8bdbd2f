import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { plausibleIdentity, plausibleMac, plausibleSerial, plausibleUuid } from '../../../server/core/identity.ts'

describe('plausibleUuid', () => {
  it.each([
    '00000000-0000-0000-0000-000000000000',
    'ffffffff-ffff-ffff-ffff-ffffffffffff',
    'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF',
    '03000200-0400-0500-0006-000700080009',
    '00020003-0004-0005-0006-000700080009',
    '12345678-1234-5678-90ab-cddeefaabbcc',
    '11111111-2222-3333-4444-444444444444',
    'not a uuid',
    '',
  ])('refuses %j', (text) => {
    expect(plausibleUuid(text)).toBeUndefined()
  })

  it('takes any random UUID, whatever its case', () => {
    fc.assert(
      fc.property(fc.uuid(), (uuid) => {
        fc.pre(new Set(uuid.replaceAll('-', '')).size >= 5)
        expect(plausibleUuid(uuid.toUpperCase())).toBe(uuid)
      }),
    )
  })
})

describe('plausibleSerial', () => {
  it.each([
    'To be filled by O.E.M.',
    ' TO BE FILLED BY O.E.M. ',
    'Default string',
    'System Serial Number',
    'Not Specified',
    'None',
    'N/A',
    '0',
    '00000000',
    '........',
    'XXXXXXX',
    '0123456789',
    '   ',
    '',
  ])('refuses %j', (text) => {
    expect(plausibleSerial(text)).toBeUndefined()
  })

  it.each(['C5QRKJ1', 'CZJ84206WW', 'J1015ABC', '2102311XBS', 'VM-0001'])('takes %s', (text) => {
    expect(plausibleSerial(` ${text} `)).toBe(text)
  })
})

describe('plausibleMac', () => {
  it('normalises case and separators', () => {
    expect(plausibleMac('52-54-00-AB-CD-EF')).toBe('52:54:00:ab:cd:ef')
  })

  it.each(['00:00:00:00:00:00', 'ff:ff:ff:ff:ff:ff', '01:00:5e:00:00:01', '52:54:00:ab:cd', 'x'])(
    'refuses %s',
    (text) => {
      expect(plausibleMac(text)).toBeUndefined()
    },
  )
})

describe('plausibleIdentity', () => {
  it('needs both UUID and serial', () => {
    const uuid = '4c4c4544-0043-3510-8052-b4c04f4a4b31'
    expect(plausibleIdentity({ uuid, serial: 'C5QRKJ1' })).toEqual({ smbios: `${uuid}/C5QRKJ1` })
    expect(plausibleIdentity({ uuid, serial: 'Default string' })).toEqual({})
    expect(plausibleIdentity({ uuid })).toEqual({})
  })

  it('gives the same answer to the same identity, however it is spelled', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.string(), fc.uint8Array({ minLength: 6, maxLength: 6 }), (uuid, serial, bytes) => {
        const mac = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':')
        const spelled = {
          mac: mac.toUpperCase().replaceAll(':', '-'),
          uuid: uuid.toUpperCase(),
          serial: ` ${serial}\n`,
        }
        expect(plausibleIdentity(spelled)).toEqual(plausibleIdentity({ mac, uuid, serial }))
      }),
    )
  })
})
