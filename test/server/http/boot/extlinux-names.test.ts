import { describe, expect, it } from 'vitest'
import { parseExtlinuxName } from '../../../../server/http/boot/extlinux-names.ts'

const mac = '52:54:00:12:34:56'

describe('parseExtlinuxName', () => {
  it.each([
    ['u-boot/arm64/pxelinux.cfg/01-52-54-00-12-34-56', { mac, architecture: 'arm64' }],
    ['pxelinux.cfg/01-52-54-00-12-34-56', { mac }],
    ['u-boot/mips/pxelinux.cfg/01-52-54-00-12-34-56', { mac }],
  ])('reads %s', (name, request) => expect(parseExtlinuxName(name)).toEqual(request))

  it.each([
    // What U-Boot asks for after its MAC, and PXELINUX with other media than Ethernet.
    'pxelinux.cfg/0A4D0064',
    'pxelinux.cfg/default-arm-bcm283x-rpi',
    'pxelinux.cfg/default',
    'pxelinux.cfg/06-52-54-00-12-34-56',
    'x/pxelinux.cfg/01-52-54-00-12-34-56',
    'u-boot/arm64/ipxe-arm64.efi',
    '01-52-54-00-12-34-56',
  ])('leaves %s alone', (name) => expect(parseExtlinuxName(name)).toBeUndefined())
})
