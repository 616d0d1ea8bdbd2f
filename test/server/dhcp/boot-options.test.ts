import { describe, expect, it } from 'vitest'
import type { BootAnswer } from '../../../server/dhcp/boot-options.ts'
import { MESSAGE, OPTION, nulTerminated, text } from '../../../server/dhcp/options.ts'
import { createProxy } from '../../../server/dhcp/proxy.ts'
import {
  IPXE_FEATURES,
  LINK,
  UUID_OPTION,
  eventTypes,
  ipxeOptions,
  message,
  onlyReply,
  pxeOptions,
  selecting,
  send,
  testServer,
  usualBoot,
} from './messages.ts'

const SKIP_MENU = Buffer.from([6, 1, 8, 255])
const PROXY = createProxy({ bootFileFor: usualBoot, ownAddresses: () => new Set([LINK.address]) })

const offerTo = (options: [number, Uint8Array][]) => onlyReply(send(testServer(), message({ options })))
const answering = (answer: BootAnswer) => testServer({ bootFileFor: () => answer })

describe('boot data of the main server', () => {
  it.each([
    ['BIOS ROM', pxeOptions(0), 'undionly.kpxe', 'PXEClient', SKIP_MENU],
    ['UEFI PXE', pxeOptions(7), 'snponly.efi', 'PXEClient', SKIP_MENU],
    ['statement 42: UEFI calling itself EBC', pxeOptions(9), 'snponly.efi', 'PXEClient', SKIP_MENU],
    ['iPXE', ipxeOptions(7), 'http://10.77.0.1:8080/boot/ipxe?mac=52:54:00:12:34:56', 'PXEClient', undefined],
    [
      'UEFI HTTP Boot',
      pxeOptions(16, 'HTTPClient'),
      'http://10.77.0.1:8080/boot/loaders/snponly.efi',
      'HTTPClient',
      undefined,
    ],
  ])('statement 10, statement 38, statement 48: suits %s', (_name, options, file, vendorClass, vendor) => {
    const reply = offerTo(options)
    expect(reply.siaddr).toBe(LINK.address)
    expect(Buffer.from(reply.sname).toString()).toBe(LINK.address)
    expect(Buffer.from(reply.file).toString()).toBe(file)
    expect(reply.options.get(OPTION.bootFile)).toEqual(Uint8Array.from(nulTerminated(file)))
    expect(reply.options.get(OPTION.tftpServer)).toEqual(Uint8Array.from(nulTerminated(LINK.address)))
    expect(reply.options.get(OPTION.vendorClass)).toEqual(Uint8Array.from(text(vendorClass)))
    expect(reply.options.get(OPTION.clientUuid)).toEqual(UUID_OPTION)
    expect(reply.options.get(OPTION.vendorSpecific)).toEqual(vendor && Uint8Array.from(vendor))
  })

  it('is the same in the ACK, from which edk2, shim and GRUB work', () => {
    const server = testServer()
    const offer = onlyReply(send(server, message({ options: pxeOptions(7) })))
    const options = [...pxeOptions(7), ...selecting(offer.yiaddr)]
    const ack = onlyReply(send(server, message({ type: MESSAGE.request, options })))
    const { options: offered, bytes: _bytes, ...header } = offer
    expect(ack).toMatchObject(header)
    for (const [code, value] of offered) if (code !== OPTION.messageType) expect(ack.options.get(code)).toEqual(value)
  })

  it('statement 45: tells iPXE not to wait for a proxy', () => {
    expect(offerTo(ipxeOptions(7)).options.get(OPTION.ipxe)).toEqual(Uint8Array.of(0xb0, 1, 1))
  })

  it('statement 46: gives an iPXE without HTTP a loader', () => {
    const withoutHttp = IPXE_FEATURES.filter((_, i) => i < 12 || i > 14)
    expect(withoutHttp).not.toContain(0x13)
    expect(Buffer.from(offerTo(ipxeOptions(7, withoutHttp)).file).toString()).toBe('snponly.efi')
  })

  it('statement 48: leaves the header empty where the name does not fit', () => {
    const url = `http://10.77.0.1:8080/${'a'.repeat(120)}`
    const reply = onlyReply(send(answering({ kind: 'script', url }), message({ options: ipxeOptions(7) })))
    expect(reply.file).toHaveLength(0)
    expect(reply.options.get(OPTION.bootFile)).toEqual(Uint8Array.from(nulTerminated(url)))
  })

  it('statement 56: makes an HTTP Boot offer of class, URL by address and at most 1472 bytes, name servers included unasked', () => {
    const reply = offerTo([...pxeOptions(16, 'HTTPClient'), [OPTION.parameterRequestList, Uint8Array.of(1, 67)]])
    expect(reply.bytes.length).toBeLessThanOrEqual(1472)
    expect(reply.options.get(OPTION.dnsServers)).toEqual(Uint8Array.of(10, 77, 0, 1))
    expect(Buffer.from(reply.options.get(OPTION.vendorClass)!).toString()).toBe('HTTPClient')
    expect(Buffer.from(reply.options.get(OPTION.bootFile)!).toString()).toMatch(/^http:\/\/10\.77\.0\.1[:/]/)
  })

  it('gives a Raspberry Pi the menu it insists on', () => {
    const packet = message({ mac: 'dc:a6:32:01:02:03', options: pxeOptions(0) })
    const vendor = Buffer.from(onlyReply(send(testServer(), packet)).options.get(OPTION.vendorSpecific)!)
    expect(vendor.toString('latin1')).toBe('\x06\x01\x08\x09\x14\0\0\x11Raspberry Pi Boot\x0a\x04\0PXE\xff')
  })

  it('gives U-Boot a file without vendor class', () => {
    const reply = offerTo([
      [OPTION.vendorClass, text('U-Boot.armv8')],
      [OPTION.clientArchitecture, Uint8Array.of(0, 22)],
    ])
    expect([reply.siaddr, reply.options.has(60), reply.options.has(43)]).toEqual([LINK.address, false, false])
    expect(Buffer.from(reply.file).toString()).toBe('snponly.efi')
  })

  it('statement 49: is absent for a machine that is not to netboot, and for plain clients', () => {
    const replies = [
      onlyReply(send(answering({ kind: 'no-boot' }), message({ options: pxeOptions(7) }))),
      onlyReply(send(testServer(), message())),
    ]
    for (const reply of replies) {
      expect(reply.yiaddr).toBe('10.77.0.100')
      expect([reply.siaddr, reply.file.length, reply.sname.length]).toEqual(['0.0.0.0', 0, 0])
      expect([43, 60, 66, 67].filter((code) => reply.options.has(code))).toEqual([])
    }
  })

  it.each([5, 31, 39, 40, 2, 300])('statement 43: refuses architecture %i by silence and an event', (arch) => {
    const outcome = send(testServer(), message({ options: pxeOptions(arch) }))
    expect(outcome.replies).toEqual([])
    expect(outcome.events).toMatchObject([{ type: 'refused', reason: expect.stringContaining(String(arch)) }])
    expect(eventTypes(send(PROXY, message({ options: pxeOptions(arch) })))).toEqual(['refused'])
  })

  it.each<[string, BootAnswer, [number, Uint8Array][]]>([
    ['the boot decision says so', { kind: 'refuse', reason: 'retired' }, pxeOptions(7)],
    ['HTTP Boot firmware has no URL', { kind: 'loader', file: 'snponly.efi' }, pxeOptions(16, 'HTTPClient')],
    ['firmware would get a script', { kind: 'script', url: 'http://10.77.0.1/' }, pxeOptions(7)],
    ['the name is too long', { kind: 'script', url: `http://10.77.0.1/${'a'.repeat(250)}` }, ipxeOptions(7)],
  ])('refuses if %s', (_name, answer, options) => {
    const outcome = send(answering(answer), message({ options }))
    expect([outcome.replies, eventTypes(outcome)]).toEqual([[], ['refused']])
  })

  it('leaves others unharmed if the boot decision fails', () => {
    const server = testServer({
      bootFileFor: () => {
        throw new Error('database gone')
      },
    })
    expect(eventTypes(send(server, message({ options: pxeOptions(7) })))).toEqual(['failed'])
    expect(eventTypes(send(server, message()))).toEqual(['offer'])
  })

  it('statement 50: tells of five loaders promised without a script', () => {
    const server = testServer()
    const boots = [1, 2, 3, 4, 5, 6].map((xid) => {
      const options = [...pxeOptions(7), ...selecting('10.77.0.100')]
      return eventTypes(send(server, message({ type: MESSAGE.request, xid, options })))
    })
    expect(boots).toEqual([['ack'], ['ack'], ['ack'], ['ack'], ['ack', 'boot-loop'], ['ack']])
  })
})
