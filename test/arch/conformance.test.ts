// What netbooting promises, statement by statement, and the tests that hold each of them: docs/reference/netboot-conformance.md.
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const project = resolve(import.meta.dirname, '../..')

/** By the numbers that titles of tests begin with: `statement 13: ...`, `statements 58, 66: ...`. */
const PROMISES: readonly { area: string; statements: readonly (readonly [number, string])[] }[] = [
  {
    area: 'Codec',
    statements: [
      [1, 'No byte string makes the parser throw or loop (fuzz; truncation at every length).'],
      [2, 'decode(encode(p)) = p for 43, 60, 61, 66, 67, 77, 82, 93, 94, 97, 119, 121, 175 and unknown tags.'],
      [3, 'A single pad byte between options is skipped.'],
      [4, 'Repeated tags concatenate.'],
      [5, 'Overloaded `file` and `sname` are parsed, in that order.'],
      [6, 'Replies have at least 300 bytes.'],
      [7, 'Replies never exceed 548 bytes, or `min(opt57 - 28, 1472)` if 57 was sent.'],
      [8, '53 is the first option, 82 the last.'],
      [9, 'No reply contains 52 or 13.'],
      [10, '66 and 67 end in NUL.'],
    ],
  },
  {
    area: 'DHCP',
    statements: [
      [11, 'DISCOVER gets an OFFER with 51, 54, 58, 59 and 1 ahead of 3.'],
      [12, 'REQUEST naming a foreign 54: no reply, hold released.'],
      [13, 'Init-reboot with a wrong subnet: NAK if authoritative, else silence.'],
      [14, 'Renewal: ACK unicast to ciaddr.'],
      [15, 'NAK is broadcast; its ciaddr, yiaddr, siaddr are zero.'],
      [16, 'DECLINE quarantines for the configured time.'],
      [17, 'RELEASE frees; the same client later gets the same address.'],
      [18, 'INFORM: yiaddr zero; no 51, 58, 59.'],
      [19, 'A relayed request is answered to giaddr:67 with 82 echoed byte for byte.'],
      [20, 'Sub-option 11 comes back as 54; sub-option 5 selects the subnet.'],
      [21, 'A relayed NAK has the broadcast bit.'],
      [22, 'A full pool yields silence, one event, constant CPU.'],
      [23, 'Two clients never hold one address (10 000 random exchanges, with restarts).'],
      [24, '`kill -9` right after an ACK keeps the lease.'],
      [25, '61 is echoed.'],
      [26, 'Another 61 with the same MAC keeps the address.'],
      [27, 'Option 50 is honoured if that address is free.'],
      [28, 'Any parameter request list (each code 0-255, any length) is answered.'],
      [29, 'xid, flags, giaddr, htype, hlen, chaddr are copied.'],
      [30, 'Source port is 67, source address equals 54.'],
      [31, 'With two links each OFFER leaves by the receiving link and names its address.'],
      [32, 'Without a default route OFFERs still leave.'],
      [33, 'udhcpc, dhclient and dhcpcd obtain, renew and release.'],
      [34, 'A datagram with source port 0 is dropped.'],
      [35, 'OFFER within 600 ms with conflict check, 50 ms without.'],
      [36, 'A busy port 67 is reported by name of the socket and does not end the HTTP side.'],
    ],
  },
  {
    area: 'PXE',
    statements: [
      [37, 'Every reply to a client of each kind, in each mode, matches a stored packet byte for byte.'],
      [38, '60 (bare) and 97 are echoed.'],
      [39, 'Proxy mode never sends yiaddr, 51, 1, 3, 6; never answers REQUEST on 67, nor clients that do not netboot.'],
      [40, "4011 answers from 4011 to the sender's address and port, with a boot file."],
      [41, 'UEFI in proxy mode gets no 43 on 67.'],
      [42, 'Arch 9 gets the x64 loader.'],
      [43, 'A refused arch: silence and an event.'],
      [44, 'User class `iPXE` is seen raw and counted.'],
      [45, 'iPXE gets a URL; 175.0xb0 only from the main server.'],
      [46, 'An iPXE without the HTTP flag gets a loader.'],
      [47, '`autoexec.ipxe` is served in every loader directory and in the root.'],
      [48, 'Header `file` equals 67 whenever it fits in 127 bytes.'],
      [49, 'A machine told to boot locally gets no boot data, or a local-boot script, as configured.'],
      [50, 'Five loader fetches without a script: one boot-loop event.'],
      [51, 'The same machine over PXE, iPXE and installer (three client-ids) is one machine with one lease.'],
    ],
  },
  {
    area: 'HTTP',
    statements: [
      [52, 'HEAD equals GET in status and headers.'],
      [53, 'Under `/boot`: Content-Length always, in that spelling; never chunked; never a redirect.'],
      [54, '`.efi` is sent as exactly `application/efi`.'],
      [55, 'Range gives 206, Content-Range and ETag; a failed If-Match gives 412.'],
      [56, 'An `HTTPClient` offer has 60 and an IP-literal URL in 67, at most 1472 bytes in all.'],
      [57, "shim's optional files give 404 / ERROR 1 without a warning."],
    ],
  },
  {
    area: 'TFTP',
    statements: [
      [
        58,
        'tftp-hpa, atftp, curl, busybox, GRUB, iPXE and edk2 fetch 0, 1, 511, 512, n x blksize and 60 MB bytes identically.',
      ],
      [59, 'Block numbers roll over past 65535 at blksize 512.'],
      [60, 'Any mix of options yields an OACK with only what was asked, nothing larger than asked.'],
      [61, 'Option names in capitals work.'],
      [62, 'Junk option values are omitted, the transfer goes on.'],
      [63, 'tsize is exact.'],
      [64, 'ERROR 8 or 0 right after OACK is logged as a probe, not as a failure.'],
      [65, 'At windowsize 1 a duplicate ACK causes no DATA; above, at most one resend of the window.'],
      [66, 'At 1 % loss and windows 1, 4, 16, 100 of 100 transfers complete.'],
      [67, 'Replies come from the address that was asked.'],
      [68, 'A foreign TID can neither end nor advance a transfer.'],
      [69, 'Empty and 1-byte datagrams to any port change nothing.'],
      [70, 'After 10 000 fuzzed datagrams to each port the server lives and serves.'],
      [71, 'Running out of file descriptors refuses requests, does not exit.'],
      [72, '`..\\..\\x`, `/../x`, absolute names and links stay inside the root.'],
      [73, '`EFI\\BOOT\\X.EFI` is found.'],
      [74, 'WRQ is refused.'],
      [75, "100 clients at once all get correct data, at a third of dnsmasq's rate or more."],
    ],
  },
  {
    area: 'Scripts, Secure Boot, IPv6',
    statements: [
      [76, 'Every script URL answers 200 with `#!ipxe` whatever the query.'],
      [77, 'Settings placed in URLs are `:uristring`.'],
      [78, 'UEFI local boot ends in `exit 1`, BIOS in `sanboot`.'],
      [
        79,
        "`/grub/grub.cfg`, `/grub/x86_64-efi/grub.cfg`, `grub.cfg-01-<mac>` and wire-order UUID names resolve to the machine's config.",
      ],
      [
        80,
        'shim + GRUB + signed kernel boot by TFTP, by proxyDHCP and by HTTP Boot under OVMF with Microsoft keys; one changed kernel byte is refused.',
      ],
      [81, 'DHCPv6 replies never hold option 60.'],
    ],
  },
]

/** Files with tests of each statement. */
function provers(): Map<number, Set<string>> {
  const found = new Map<number, Set<string>>()
  for (const name of readdirSync(join(project, 'test'), { recursive: true, encoding: 'utf8' })) {
    const file = join('test', name)
    if (!name.endsWith('.test.ts') || join(project, file) === import.meta.filename) continue
    for (const number of named(readFileSync(join(project, file), 'utf8'))) {
      found.set(number, (found.get(number) ?? new Set()).add(file))
    }
  }
  return found
}

/** Numbers in titles of tests: `statement 9:`, `statements 39, 40:`, `statement 30, statement 40:`. */
function named(text: string): number[] {
  return [...text.matchAll(/['"`](statements? \d[\w ,]*):/g)].flatMap(([, title]) =>
    (title!.match(/\d+/g) ?? []).map(Number),
  )
}

function page(tests: ReadonlyMap<number, ReadonlySet<string>>): string {
  const sections = PROMISES.map(({ area, statements }) => {
    const items = statements.map(([number, text]) => {
      const links = [...(tests.get(number) ?? [])].toSorted().map((file) => `[${file.slice(5)}](../../${file})`)
      return `- **${number}** ${text}\n  ${links.join(', ')}\n`
    })
    return `## ${area}\n\n${items.join('')}`
  })
  return [INTRODUCTION, ...sections].join('\n')
}

const INTRODUCTION = `# Netboot conformance

What firmware, loaders and other servers may rely on, and the tests that hold each statement on every change: \`npm test\` runs them. Those below
\`interop\` and \`e2e\` have real clients, programs and firmware. Nothing here was tried on hardware yet.
`

describe('netboot conformance', () => {
  const tests = provers()
  const all = PROMISES.flatMap(({ statements }) => statements.map(([number]) => number))

  it('has a test for each statement', () => {
    expect(all.filter((number) => !tests.has(number))).toEqual([])
  })

  it('knows every statement that a test names', () => {
    expect([...tests.keys()].filter((number) => !all.includes(number))).toEqual([])
  })

  it('is what docs/reference/netboot-conformance.md says', async () => {
    await expect(page(tests)).toMatchFileSnapshot(join(project, 'docs/reference/netboot-conformance.md'))
  })
})
