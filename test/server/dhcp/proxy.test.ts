import { describe, expect, it } from 'vitest'
import { MESSAGE, OPTION, addresses } from '../../../server/dhcp/options.ts'
import { BROADCAST_FLAG } from '../../../server/dhcp/packet.ts'
import { createBootServer, createProxy } from '../../../server/dhcp/proxy.ts'
import {
  LINK,
  NOW,
  SECOND,
  UUID_OPTION,
  eventTypes,
  ipxeOptions,
  message,
  onlyReply,
  pxeOptions,
  selecting,
  send,
  usualBoot,
} from './messages.ts'

const proxy = () => createProxy({ bootFileFor: usualBoot, ownAddresses: () => new Set([LINK.address]) })
const bootServer = () => createBootServer({ bootFileFor: usualBoot })
const EVERYBODY = { address: '255.255.255.255', port: 68 }

describe('proxyDHCP on port 67', () => {
  it.each([
    ['BIOS ROM', pxeOptions(0), 'undionly.kpxe', true],
    ['statement 41: UEFI PXE', pxeOptions(7), 'snponly.efi', false],
    ['statement 45: iPXE', ipxeOptions(0), 'http://10.77.0.1:8080/boot/ipxe?mac=52:54:00:12:34:56', false],
    ['UEFI HTTP Boot', pxeOptions(16, 'HTTPClient'), 'http://10.77.0.1:8080/boot/loaders/snponly.efi', false],
  ])('statement 39: offers %s boot data without an address', (_name, options, file, vendorOptions) => {
    const reply = onlyReply(send(proxy(), message({ options })))
    expect(reply).toMatchObject({ yiaddr: '0.0.0.0', siaddr: LINK.address, flags: BROADCAST_FLAG, to: EVERYBODY })
    expect(reply.options.get(OPTION.messageType)).toEqual(Uint8Array.of(MESSAGE.offer))
    expect(Buffer.from(reply.file).toString()).toBe(file)
    expect([51, 58, 59, 1, 3, 6, 28, 175].filter((code) => reply.options.has(code))).toEqual([])
    expect(reply.options.has(OPTION.vendorSpecific)).toBe(vendorOptions)
    expect(reply.options.get(OPTION.clientUuid)).toEqual(UUID_OPTION)
  })

  it('statement 39: never answers REQUEST, nor clients that do not netboot', () => {
    const silent = [
      message({ type: MESSAGE.request, options: [...pxeOptions(7), ...selecting('10.77.0.9')] }),
      message(),
      message({ type: MESSAGE.inform, options: pxeOptions(7) }),
      message({ type: MESSAGE.release }),
    ]
    for (const packet of silent) expect(send(proxy(), packet).replies).toEqual([])
  })

  it('statement 49: is silent for a machine that is not to netboot', () => {
    const responder = createProxy({ bootFileFor: () => ({ kind: 'no-boot' }), ownAddresses: () => new Set() })
    expect(send(responder, message({ options: pxeOptions(7) })).replies).toEqual([])
  })

  it('tells of the DHCP server beside it, once in ten minutes', () => {
    const responder = proxy()
    const request = message({ type: MESSAGE.request, options: selecting('10.77.0.9', '10.77.0.2') })
    const seen = (now: number) => send(responder, request, { now }).events
    expect(seen(NOW)).toMatchObject([{ type: 'foreign-server', server: '10.77.0.2' }])
    expect(seen(NOW + SECOND)).toEqual([])
    expect(seen(NOW + 601 * SECOND)).toHaveLength(1)
    const ours = message({ type: MESSAGE.request, options: selecting('10.77.0.9') })
    expect(send(responder, ours).events).toEqual([])
  })

  it('answers through a relay', () => {
    const reply = onlyReply(send(proxy(), message({ giaddr: '10.88.0.1', options: pxeOptions(7) })))
    expect(reply.to).toEqual({ address: '10.88.0.1', port: 67 })
  })

  it('statement 50: counts loaders of BIOS ROMs here and of UEFI on port 4011', () => {
    const loops = (arch: number) => {
      const responder = proxy()
      return [1, 2, 3, 4, 5].flatMap((xid) => eventTypes(send(responder, message({ xid, options: pxeOptions(arch) }))))
    }
    expect(loops(0)).toContain('boot-loop')
    expect(loops(7)).not.toContain('boot-loop')
  })
})

describe('boot server on port 4011', () => {
  const from = { address: '10.77.0.150', port: 4011 }

  it.each([MESSAGE.request, MESSAGE.inform])(
    "statement 40: acknowledges message type %i to the sender's address and port",
    (type) => {
      const packet = message({ type, ciaddr: '10.77.0.150', options: pxeOptions(7) })
      const outcome = send(bootServer(), packet, { from })
      const reply = onlyReply(outcome)
      expect(outcome.replies[0]?.fromPort).toBe(4011)
      expect(reply.to).toEqual(from)
      expect(reply).toMatchObject({ ciaddr: '10.77.0.150', yiaddr: '0.0.0.0', siaddr: LINK.address, xid: packet.xid })
      expect(Buffer.from(reply.file).toString()).toBe('snponly.efi')
      expect([...reply.options.keys()]).toEqual([53, 54, 97, 60, 66, 67])
      expect(reply.options.get(OPTION.messageType)).toEqual(Uint8Array.of(MESSAGE.ack))
    },
  )

  it('statement 40: answers iPXE on its port 68', () => {
    const packet = message({ type: MESSAGE.request, ciaddr: '10.77.0.150', options: ipxeOptions(0) })
    expect(onlyReply(send(bootServer(), packet, { from: { ...from, port: 68 } })).to.port).toBe(68)
  })

  it('returns a chosen boot item', () => {
    const options = [...pxeOptions(0), [43, Uint8Array.of(71, 4, 0, 0, 0, 0, 255)] as [number, Uint8Array]]
    const reply = onlyReply(send(bootServer(), message({ type: MESSAGE.request, options }), { from }))
    expect([...reply.options.get(43)!]).toEqual([71, 4, 0, 0, 0, 0, 255])
  })

  it('ignores DISCOVER, plain clients and those with nothing to boot', () => {
    const silent = createBootServer({ bootFileFor: () => ({ kind: 'no-boot' }) })
    expect(send(bootServer(), message({ options: pxeOptions(7) }), { from }).replies).toEqual([])
    const plain = message({ type: MESSAGE.request, options: [[50, addresses(['10.77.0.9'])]] })
    expect(send(bootServer(), plain, { from }).replies).toEqual([])
    expect(send(silent, message({ type: MESSAGE.request, options: pxeOptions(7) }), { from }).replies).toEqual([])
  })
})
