// The boot story of a machine: what it sent, what it was answered and why, and what is missing at the end.
import { z } from 'zod'
import { Timestamp } from './common.ts'

/** How a boot stands. Stable; docs/reference/boot-story.md explains each. */
export const TraceCode = z.enum([
  'IN_PROGRESS',
  'REGISTERED',
  'KICKSTART_FETCHED',
  'BOOTS_LOCAL',
  'PLAIN_CLIENT',
  'MALFORMED',
  'REFUSED',
  'UNKNOWN_SUBNET',
  'UNKNOWN_LINK',
  'POOL_EXHAUSTED',
  'SERVER_FAILED',
  'NOTHING_OFFERED',
  'OTHER_SERVER_WON',
  'ADDRESS_REFUSED',
  'RELAY_DROPS_OPTION_82',
  'RELAYED_OFFER_LOST',
  'PROXY_OFFER_UNUSED',
  'OFFER_NOT_REQUESTED',
  'LOADER_NOT_ASKED',
  'LOADER_NOT_FOUND',
  'TFTP_TIMED_OUT',
  'TFTP_REFUSED',
  'LOADER_BROKEN_OFF',
  'BOOT_LOOP',
  'SCRIPT_NOT_REACHED',
  'SCRIPT_NOT_ASKED',
  'SCRIPT_TROUBLE',
  'KERNEL_NOT_FOUND',
  'KERNEL_NOT_STARTED',
  'KERNEL_NOT_ASKED',
  'KERNEL_BROKEN_OFF',
  'INITRAMFS_NOT_ASKED',
  'KICKSTART_NOT_ASKED',
  'AGENT_REFUSED',
  'AGENT_NOT_REGISTERED',
  'INSTALLER_SILENT',
])
export type TraceCode = z.infer<typeof TraceCode>

/** One packet, request or decision, read out for people. */
export const TraceEntry = z
  .object({
    at: Timestamp,
    /** `DHCP DISCOVER, 10.77.0.50:68 to 255.255.255.255:67, 347 bytes` */
    summary: z.string(),
    details: z.array(z.object({ name: z.string(), value: z.string() })),
  })
  .meta({ id: 'TraceEntry' })
export type TraceEntry = z.infer<typeof TraceEntry>

export const StoryStep = z
  .object({
    at: Timestamp,
    /** Since the first sign of the machine in this boot. */
    seconds: z.number().nonnegative(),
    /** How often the same happened one after the other, and how long that took. */
    count: z.number().int().positive(),
    lastedSeconds: z.number().nonnegative(),
    phase: z.enum(['dhcp', 'loader', 'script', 'installer']),
    level: z.enum(['info', 'success', 'warning', 'danger']),
    text: z.string(),
    /** Why the server did what it did. */
    reason: z.string().nullable(),
    entries: z.array(TraceEntry),
  })
  .meta({ id: 'StoryStep' })
export type StoryStep = z.infer<typeof StoryStep>

export const Verdict = z
  .object({
    code: TraceCode,
    level: z.enum(['waiting', 'good', 'trouble']),
    message: z.string(),
    /** Likely ones, the likeliest first. */
    causes: z.array(z.string()),
    /** What to do about it, in order. */
    next: z.array(z.string()),
  })
  .meta({ id: 'Verdict' })
export type Verdict = z.infer<typeof Verdict>

export const BootStory = z
  .object({ startedAt: Timestamp, lastAt: Timestamp, verdict: Verdict, steps: z.array(StoryStep) })
  .meta({ id: 'BootStory' })
export type BootStory = z.infer<typeof BootStory>

export const Trace = z
  .object({
    /** MAC addresses, as which the client was heard; an IP address where nothing told the MAC. */
    clients: z.array(z.string()),
    /** Newest first. Empty when nothing was heard, or not lately. */
    boots: z.array(BootStory),
  })
  .meta({ id: 'Trace' })
export type Trace = z.infer<typeof Trace>

/** A client that is no machine of the inventory. */
export const TraceClient = z
  .object({
    client: z.string(),
    /** What it says it is: `x64 UEFI firmware (PXE)`. */
    description: z.string().nullable(),
    /** The relay that its messages came through. */
    relay: z.string().nullable(),
    firstAt: Timestamp,
    lastAt: Timestamp,
    /** Of its newest boot. */
    verdict: Verdict,
  })
  .meta({ id: 'TraceClient' })
export type TraceClient = z.infer<typeof TraceClient>

/** What arrived from anybody since the server started. */
const WireSummary = z
  .object({
    since: Timestamp,
    dhcpReceived: z.number().int().nonnegative(),
    /** Datagrams on the DHCP ports that are no DHCP. */
    dhcpMalformed: z.number().int().nonnegative(),
    dhcpLastAt: Timestamp.nullable(),
    tftpReceived: z.number().int().nonnegative(),
    tftpLastAt: Timestamp.nullable(),
    /** DHCP servers that clients chose instead of this one. */
    otherServers: z.array(z.object({ address: z.string(), lastAt: Timestamp })),
  })
  .meta({ id: 'WireSummary' })

export const TraceOverview = z
  .object({ wire: WireSummary, clients: z.array(TraceClient) })
  .meta({ id: 'TraceOverview' })
export type TraceOverview = z.infer<typeof TraceOverview>
