// docs/reference/boot-story.md is made of the table. `vitest run test/server/trace/reasons-page -u` writes it anew.
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { RECORDER_LIMITS } from '../../../server/trace/recorder.ts'
import { REASONS } from '../../../server/trace/reasons.ts'
import type { Reason } from '../../../server/trace/reasons.ts'

const STANDING: Record<Reason['level'], string> = { good: 'All is well', waiting: 'Not yet clear', trouble: 'Trouble' }

const INTRODUCTION = `# Boot stories

\`\`\`text
landfall machine trace web-07
landfall machine trace web-07 --pcap web-07.pcap
landfall doctor netboot 52:54:00:12:34:56
\`\`\`

A boot story tells what a machine sent, what it was answered and why, and what is missing at the end, as a reason code with causes and next steps. The
machine's page shows the same. [A machine does not netboot](../how-to/machine-does-not-netboot.md) says how to use it.

## What is kept

- DHCP and DHCPv6 datagrams in and out, with addresses, interface and time; the decision on each and its reason.
- TFTP requests as they came, and how each transfer ended; HTTP requests for boot files, with status, size, client and whether the answer went out whole.
- Which boot script was decided on, and when the installer registered.

It takes ${RECORDER_LIMITS.clientBytes / 1024} KiB a client and ${RECORDER_LIMITS.totalBytes / 2 ** 20} MiB in all at most. That is room for the newest boots of some hundred machines; beyond, whoever was
quiet for longest is forgotten. It is saved, packed, some seconds after it happened, so a restart keeps it and a crash costs a story its last seconds; what
arrived at all is counted from the start. Of a system that runs and renews its lease only the newest ${RECORDER_LIMITS.routineEntries} packets and
decisions are kept, so that they cannot push out the boot.

A client is known by its MAC address. TFTP and HTTP show an address only: it is the one that DHCP gave or that the client chose from another server;
where nothing tells, the address itself is the client. DHCPv6 shows the MAC address in the client's link-local address, in option 79 of its relay or in
its DUID; where none does, the client is \`id:\` and the DUID.

## Who may see it

Stories need the role viewer. They leave out what is not known to be harmless: of options without a known meaning only the number is told, and tokens in
paths are masked before they are kept. Packets (\`--pcap\`, \`trace.pcap\`) need operator, since they may hold what a story leaves out.

The capture is classic pcap with Ethernet frames. DHCP, DHCPv6 and TFTP payloads are the real ones; headers around them are made up from what sockets tell, so
MAC addresses of the server (02:00:00:00:00:0a) and of others (02:00:00:00:00:0b) stand in for those nobody saw.

## When a new story begins

When firmware asks after a boot script or kernel was fetched, or after five minutes of silence. Firmware that tries PXE, then HTTP, is one story.

## IN_PROGRESS

Not yet clear: it was heard a moment ago, and the next step is awaited.
`

it('is what docs/reference/boot-story.md says', async () => {
  const file = join(import.meta.dirname, '../../../docs/reference/boot-story.md')
  await expect([INTRODUCTION, ...REASONS.map(section)].join('\n')).toMatchFileSnapshot(file)
})

function section({ code, level, message, causes, next, afterSeconds }: Reason): string {
  const patience = afterSeconds === undefined ? '' : ` Said after ${afterSeconds} s of silence.`
  return [
    `## ${code}\n`,
    `${STANDING[level]}: ${text(message)}.${patience}\n`,
    ...list('Likely causes:', causes),
    ...list('What to do:', next),
  ].join('\n')
}

function list(title: string, items: readonly string[]): string[] {
  return items.length === 0 ? [] : [`${title}\n`, ...items.map((item) => `- ${text(item)}`), '']
}

/** Names to be filled in, as people write them. */
function text(message: string): string {
  return message.replaceAll(/\{(\w+)\}/g, (_, name: string) => name.toUpperCase())
}
