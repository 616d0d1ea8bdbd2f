import { describe, expect, it } from 'vitest'
import { chooseArchitecture } from '../../../server/dhcp/architecture.ts'
import { classifyClient } from '../../../server/dhcp/client.ts'
import { OPTION, text } from '../../../server/dhcp/options.ts'
import { MAC, UUID, ipxeOptions, message, pxeOptions } from './messages.ts'

const PI = 'dc:a6:32:01:02:03'

describe('classifyClient', () => {
  it.each([
    ['BIOS ROM', message({ options: pxeOptions(0) }), 'pxe', 'x86-bios'],
    ['edk2', message({ options: pxeOptions(7) }), 'pxe', 'x64-uefi'],
    ['statement 42: EBC, which is x64', message({ options: pxeOptions(9) }), 'pxe', 'x64-uefi'],
    ['arm64', message({ options: pxeOptions(11) }), 'pxe', 'arm64-uefi'],
    ['UEFI HTTP Boot', message({ options: pxeOptions(16, 'HTTPClient') }), 'http', 'x64-uefi'],
    ['statement 44: iPXE, raw', message({ options: ipxeOptions(7) }), 'ipxe', 'x64-uefi'],
    [
      'statement 44: iPXE, counted',
      message({ options: [...ipxeOptions(0), [OPTION.userClass, text('\x04iPXE')]] }),
      'ipxe',
      'x86-bios',
    ],
    [
      'U-Boot',
      message({
        options: [
          [60, text('U-Boot.armv8')],
          [93, [0, 22]],
        ],
      }),
      'u-boot',
      'arm64-uboot',
    ],
    ['Raspberry Pi claiming x86', message({ mac: PI, options: pxeOptions(0) }), 'raspberry-pi', 'x86-bios'],
    ['Raspberry Pi type', message({ options: pxeOptions(41) }), 'raspberry-pi', 'raspberry-pi'],
    ['Raspberry Pi OS', message({ mac: PI }), 'plain', undefined],
    ['dhclient', message(), 'plain', undefined],
    ['60 without 93', message({ options: [[60, text('PXEClient')]] }), 'plain', undefined],
    ['93 without 60', message({ options: [[93, [0, 7]]] }), 'plain', 'x64-uefi'],
    [
      'Apple BSDP',
      message({
        options: [
          [60, text('AAPLBSDPC/i386')],
          [93, [0, 7]],
        ],
      }),
      'plain',
      'x64-uefi',
    ],
  ])('%s', (_name, packet, kind, platform) => {
    const client = classifyClient(packet)
    expect(client.kind).toBe(kind)
    expect(client.netboot).toBe(kind !== 'plain')
    expect(client.architecture?.platform).toBe(platform)
  })

  it('reads identities and iPXE details', () => {
    expect(classifyClient(message({ options: ipxeOptions(7) }))).toMatchObject({
      mac: MAC,
      uuid: UUID,
      clientId: '01525400123456',
      ipxe: { features: ['http', 'tftp', 'efi'], version: '1.21.1', busId: '1af4:1000' },
    })
  })

  it('believes option 82 only from a relay', () => {
    const options = [[82, [1, 1, 7]]] as const
    expect(classifyClient(message({ options })).circuitId).toBeUndefined()
    expect(classifyClient(message({ options, giaddr: '10.1.0.1' })).circuitId).toBe('07')
  })
})

describe('chooseArchitecture', () => {
  it('takes the first known of several', () => {
    expect(chooseArchitecture([999, 7])?.code).toBe(7)
    expect(chooseArchitecture([999])).toEqual({ code: 999, name: 'unknown type 999', transport: 'tftp' })
    expect(chooseArchitecture([])).toBeUndefined()
  })

  it('has nothing to run on obsolete and foreign machines', () => {
    const served = Array.from({ length: 42 }, (_, code) => code).filter((code) => chooseArchitecture([code])?.platform)
    expect(served).toEqual([0, 6, 7, 9, 10, 11, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 41])
  })
})
