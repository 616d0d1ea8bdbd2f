import { expect, it } from 'vitest'
import { pxeOptions, selecting } from '../dhcp/messages.ts'
import { CLIENT_ADDRESS, MAC, MadeUpBoot } from './made-up.ts'

function frames(pcap: Buffer): { at: number; frame: Buffer }[] {
  const found = []
  for (let at = 24; at < pcap.length;) {
    const length = pcap.readUInt32BE(at + 8)
    const time = pcap.readUInt32BE(at) * 1000 + pcap.readUInt32BE(at + 4) / 1000
    found.push({ at: time, frame: pcap.subarray(at + 16, at + 16 + length) })
    at += 16 + length
  }
  return found
}

/** What a receiver computes over a whole header: all ones where it is right. */
function sum(bytes: Uint8Array): number {
  let total = 0
  for (let at = 0; at < bytes.length; at += 2) total += bytes[at]! * 256 + (bytes[at + 1] ?? 0)
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16)
  return total
}

it('has every packet in order, with lengths and checksums that are right', () => {
  const boot = new MadeUpBoot()
  boot.dhcp({ options: pxeOptions(7) })
  boot.wait(1.5).dhcp({ type: 3, options: [...pxeOptions(7), ...selecting(CLIENT_ADDRESS)] })
  boot.tftp('snponly.efi', {})
  const pcap = boot.trace.pcap([MAC])
  expect(pcap.subarray(0, 4).toString('hex')).toBe('a1b2c3d4')
  const found = frames(pcap)
  expect(found.map(({ frame }) => `${frame.readUInt16BE(34)} to ${frame.readUInt16BE(36)}`)).toEqual([
    '68 to 67',
    '67 to 68',
    '68 to 67',
    '67 to 68',
    '2070 to 69',
  ])
  expect(found[2]!.at - found[0]!.at).toBe(1500)
  expect(found[0]!.frame.subarray(0, 12).toString('hex')).toBe('ffffffffffff525400123456')
  for (const { frame } of found) {
    const ip = frame.subarray(14)
    expect(ip.readUInt16BE(2)).toBe(ip.length)
    expect(ip.readUInt16BE(24)).toBe(ip.length - 20)
    expect(sum(ip.subarray(0, 20))).toBe(0xffff)
    const udp = ip.subarray(20)
    expect(
      sum(Buffer.concat([ip.subarray(12, 20), Buffer.from([0, 17, udp.length >> 8, udp.length & 255]), udp])),
    ).toBe(0xffff)
  }
})

it('is a capture without packets when there are none', () => {
  expect(new MadeUpBoot().trace.pcap([MAC])).toHaveLength(24)
})
