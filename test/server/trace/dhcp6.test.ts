// Boots by DHCPv6, as stories.
import { expect, it } from 'vitest'
import { MESSAGE6, encodeMessage } from '../../../server/dhcp6/message.ts'
import { OPTION6, firstOption, readOptions, uint16, type Option6 } from '../../../server/dhcp6/options.ts'
import { pxeOptions } from '../dhcp/messages.ts'
import {
  SERVER_DUID,
  UUID_DUID,
  ipxeOptions,
  message,
  relayed,
  uefiOptions,
  type MessageParts,
} from '../dhcp6/messages.ts'
import { MAC, MadeUpBoot } from './made-up.ts'

const ADDRESS = 'fd00:77::1000'
const firmware = { duid: UUID_DUID, options: uefiOptions(7) }
const chosen = { server: SERVER_DUID, ias: [{ iaid: 1, addresses: [ADDRESS] }] }
const said = (parts: MessageParts) => encodeMessage(message(parts))

function booted(): MadeUpBoot {
  const boot = new MadeUpBoot()
  boot.dhcp6(said(firmware)).wait(1)
  return boot.dhcp6(said({ ...firmware, type: MESSAGE6.request, ...chosen })).wait(1)
}

it('tells what was offered and why, and what is missing', () => {
  expect(booted().wait(60).text()).toMatchInlineSnapshot(`
    "Boot of 2026-01-31T12:00:00.000Z
        +0.0 s   SOLICIT from x64 UEFI firmware (PXE): offered fd00:77::1000 and tftp://[fd00:77::1]/snponly.efi
                 because architecture type 7 (x64 UEFI); user class absent
        +1.0 s   REQUEST for fd00:77::1000 from x64 UEFI firmware (PXE): confirmed fd00:77::1000 and tftp://[fd00:77::1]/snponly.efi
                 because architecture type 7 (x64 UEFI); user class absent
    Trouble: it was told to fetch tftp://[fd00:77::1]/snponly.efi and never did so in full (LOADER_NOT_ASKED)
      perhaps: a firewall drops TFTP (UDP 69) or plain HTTP (8080)
      perhaps: it asked another TFTP server: a second DHCP server named another one, and firmware prefers that
      perhaps: UEFI HTTP Boot refuses http: URLs in this firmware: choose PXE in its boot menu
      next: landfall doctor netboot looks at the firewall of this host, and for other DHCP servers
      next: look at its screen: firmware shows the server and the file it tries"
  `)
})

it('goes on with the boot loader, and with files that are fetched by the address it was lent', () => {
  const boot = booted()
  boot.trace.taps.tftpEvent({
    type: 'transfer',
    remote: { address: ADDRESS, port: 2070 },
    file: 'snponly.efi',
    outcome: 'completed',
    size: 250_000,
    bytes: 250_000,
    blksize: 1468,
    windowsize: 4,
    ms: 800,
    resends: 0,
  })
  boot.wait(2).dhcp6(said({ ias: [], type: MESSAGE6.informationRequest, options: ipxeOptions() }))
  expect(boot.trace.of([MAC]).boots).toHaveLength(1)
  expect(boot.text()).toMatchInlineSnapshot(`
    "Boot of 2026-01-31T12:00:00.000Z
        +0.0 s   SOLICIT from x64 UEFI firmware (PXE): offered fd00:77::1000 and tftp://[fd00:77::1]/snponly.efi
                 because architecture type 7 (x64 UEFI); user class absent
        +1.0 s   REQUEST for fd00:77::1000 from x64 UEFI firmware (PXE): confirmed fd00:77::1000 and tftp://[fd00:77::1]/snponly.efi
                 because architecture type 7 (x64 UEFI); user class absent
        +2.0 s   fetched snponly.efi by TFTP: 250 kB in 800 ms
        +4.0 s   INFORMATION-REQUEST from iPXE on x64 UEFI: told http://[fd00:77::1]:8080/boot/ipxe, for its address fe80::5054:ff:fe12:3456%lan0
                 because user class iPXE, and its build can fetch scripts by HTTP
    So far: it was heard a moment ago; awaited: its request for the boot script (IN_PROGRESS)"
  `)
  expect(boot.wait(60).verdict()).toBe('SCRIPT_NOT_REACHED')
})

it('is one story with what the firmware tried by IPv4', () => {
  const boot = new MadeUpBoot()
  boot.dhcp({ options: pxeOptions(7) })
  boot.wait(60).dhcp6(said(firmware))
  expect(boot.trace.of([MAC]).boots.map(({ steps }) => steps.length)).toEqual([2])
})

it('says that another server was chosen, and that the client has been asking for long', () => {
  const late: Option6[] = [...uefiOptions(7), [OPTION6.elapsedTime, uint16(3000)]]
  const boot = new MadeUpBoot().dhcp6(said({ ...firmware, options: late })).wait(1)
  boot.dhcp6(said({ ...firmware, type: MESSAGE6.request, ...chosen, server: UUID_DUID })).wait(60)
  expect(boot.verdict()).toBe('OTHER_SERVER_WON')
  expect(boot.text()).toContain('it had been asking for 30 s')
  expect(boot.text()).toContain(
    `of the DHCP server DUID ${UUID_DUID.toString('hex')} from x64 UEFI firmware (PXE): not answered`,
  )
})

it('names the relay of a network that has no addresses here', () => {
  const boot = new MadeUpBoot().dhcp6(relayed(message(firmware)), { address: 'fd00:88::1', port: 547 }).wait(60)
  expect(boot.verdict()).toBe('UNKNOWN_SUBNET')
  expect(boot.trace.overview().clients).toMatchObject([{ client: MAC, relay: 'fd00:88::1' }])
})

it('keeps what is no DHCPv6 under the card that sent it', () => {
  const boot = new MadeUpBoot({ macAt: () => MAC }).dhcp6(Buffer.from('0101', 'hex'))
  expect(boot.verdict()).toBe('MALFORMED')
})

it('shows options by name, and of what it does not know the number alone', () => {
  const secret: Option6 = [OPTION6.vendorClass + 1, Buffer.from('secret')]
  const boot = new MadeUpBoot().dhcp6(said({ ...firmware, options: [...uefiOptions(7), secret] }))
  const [asked, answered] = boot.trace.of([MAC]).boots[0]!.steps[0]!.entries
  expect(asked!.details.find(({ name }) => name === 'Other options')?.value).toContain('17')
  expect(JSON.stringify(boot.trace.of([MAC]))).not.toContain('secret')
  expect(asked!.summary).toMatch(/^DHCPv6 SOLICIT, \[fe80::5054:ff:fe12:3456\]:546 to \[ff02::1:2\]:547, \d+ bytes$/)
  expect(answered!.details).toContainEqual({ name: '59 boot file', value: 'tftp://[fd00:77::1]/snponly.efi' })
})

it('is in the capture: lengths, checksums and MAC addresses are right', () => {
  const pcap = booted().trace.pcap([MAC])
  const frames: Buffer[] = []
  for (let at = 24; at < pcap.length; at += 16 + frames.at(-1)!.length) {
    frames.push(pcap.subarray(at + 16, at + 16 + pcap.readUInt32BE(at + 8)))
  }
  expect(frames.map((frame) => frame.toString('hex', 0, 14))).toEqual([
    '33330001000252540012345686dd',
    '52540012345602000000000a86dd',
    '33330001000252540012345686dd',
    '52540012345602000000000a86dd',
  ])
  for (const frame of frames) {
    const ip = frame.subarray(14)
    const udp = ip.subarray(40)
    expect([ip.readUInt16BE(4), udp.readUInt16BE(4)]).toEqual([udp.length, udp.length])
    const pseudo = Buffer.from([0, 0, udp.length >> 8, udp.length & 255, 0, 0, 0, 17])
    expect(sum(Buffer.concat([ip.subarray(8, 40), pseudo, udp]))).toBe(0xffff)
  }
  const options = readOptions(frames[1]!.subarray(14 + 48 + 4))!
  expect(firstOption(options, OPTION6.serverId)).toEqual(SERVER_DUID)
})

/** What a receiver computes over all of it: all ones where it is right. */
function sum(bytes: Uint8Array): number {
  let total = 0
  for (let at = 0; at < bytes.length; at += 2) total += bytes[at]! * 256 + (bytes[at + 1] ?? 0)
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16)
  return total
}
