// The protocol between the agent in the installer (and the first-boot unit) and the server. HTTPS, CA pinned by fingerprint.
import { z } from 'zod'
import { Digest, Firmware, Mac, Timestamp, Uuid } from './common.ts'
import { EraseBegin, EraseEnd } from './erase.ts'
import { Facts } from './facts.ts'
import { LayersReport } from './install-layers.ts'
import { Failure, InstallStepName } from './install.ts'
import { StoragePlan } from './plan.ts'
import { MachineSpec } from './spec.ts'
import { TrustBasis } from './trust.ts'

/** POST /agent/v1/register, with `Authorization: Bearer <install token>`. Answer: {@link RegisterResponse}. */
export const RegisterRequest = z.object({
  /** MAC of the NIC that booted, from BOOTIF; the first NIC with link otherwise. */
  bootMac: Mac,
  facts: Facts,
  agentVersion: z.string(),
  /** Random per start of the installer: tells a new boot from a reconnect. */
  bootId: Uuid,
})
export type RegisterRequest = z.infer<typeof RegisterRequest>

export const RegisterResponse = z.object({
  machineId: Uuid,
  machineName: z.string(),
  /** Bearer token of all further calls; survives a restart of the server, ends with the next registration. */
  session: z.string(),
  serverName: z.string(),
})
export type RegisterResponse = z.infer<typeof RegisterResponse>

/** What makes a disk image of an install: it is to start on machines that nobody knows yet. */
export const DiskImageTask = z.object({
  /** Each of these must find a boot loader on it. */
  firmware: z.array(Firmware).min(1),
  /** Further files of the system, below /etc. */
  files: z.array(z.object({ path: z.string().startsWith('/etc/'), text: z.string(), mode: z.number().int() })),
})
export type DiskImageTask = z.infer<typeof DiskImageTask>

export const InstallTask = z.object({
  type: z.literal('install'),
  installId: Uuid,
  generation: z.number().int().positive(),
  spec: MachineSpec,
  image: z.object({
    /** Repository below /v2/ of this server. */
    repository: z.string(),
    /** Platform-resolved manifest. */
    digest: Digest,
    /** What `bootc upgrade` will follow: `registry.example:8443/os/web:stable`, no transport. */
    targetReference: z.string(),
  }),
  /** Whom to believe and what speaks for the image; absent from servers that do not judge. */
  trust: TrustBasis.optional(),
  /**
   * Layers that the server unpacked, and found to be what the image's configuration says: whoever holds one against its digest need not unpack it
   * to know. Absent where it read none.
   */
  readLayers: z.array(Digest).max(500).optional(),
  /** Secret for pulls from the image's repository while this install lasts; absent where anybody may pull. */
  pullToken: z.string().optional(),
  /** Secrets of earlier installs of this machine, newest first, for encrypted disks of theirs that shall stay; absent when there is no such wish. */
  formerKeys: z.array(z.string()).optional(),
  /** Secret for the first-boot report, valid for this install only. */
  confirmToken: z.string(),
  /** Nothing of this machine stays on the disk, and nothing is reported at its first boot. */
  diskImage: DiskImageTask.optional(),
  /** Next event number the server expects for this install: after a reconnect older ones are dropped. */
  nextEvent: z.number().int().positive(),
})
export type InstallTask = z.infer<typeof InstallTask>

/** GET /agent/v1/task?wait=SECONDS (long poll, at most 50 s): what to do now. */
export const Task = z.discriminatedUnion('type', [
  z.object({ type: z.literal('wait'), message: z.string() }),
  InstallTask,
  z.object({ type: z.literal('reboot') }),
  z.object({ type: z.literal('poweroff') }),
])
export type Task = z.infer<typeof Task>

/** PUT /agent/v1/installs/{id}/plan: recorded and shown before anything is written; the agent writes only after `go`. */
export const PlanResponse = z.object({ go: z.boolean(), reason: z.string().optional() })
export type PlanResponse = z.infer<typeof PlanResponse>
export const PlanRequest = StoragePlan

/** PUT /agent/v1/installs/{id}/recovery-key: kept by the server before the first disk is encrypted with it. */
export const RecoveryKeyRequest = z.object({ key: z.string().min(32).max(256) })
export const RecoveryKeyResponse = z.object({ kept: z.literal(true) })
export type RecoveryKeyResponse = z.infer<typeof RecoveryKeyResponse>

const step = { step: InstallStepName }
export const AgentEvent = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('step-started'),
    ...step,
    message: z.string().default(''),
    totalBytes: z.number().int().nonnegative().optional(),
  }),
  z.object({
    type: z.literal('progress'),
    ...step,
    bytes: z.number().int().nonnegative(),
    totalBytes: z.number().int().nonnegative(),
    message: z.string().default(''),
    /** Of an image that streams: all layers first, then those that changed. Agents of earlier versions tell nothing of them. */
    layers: LayersReport.optional(),
  }),
  z.object({ type: z.literal('step-done'), ...step, message: z.string().default('') }),
  z.object({ type: z.literal('log'), level: z.enum(['debug', 'info', 'warn', 'error']), text: z.string().max(16_384) }),
  /** Acknowledged before the disk gets the command: what was begun is known whatever happens to the machine then. */
  z.object({ type: z.literal('disk-erasing'), report: EraseBegin }),
  z.object({ type: z.literal('disk-erased'), report: EraseEnd }),
  z.object({ type: z.literal('failed'), step: InstallStepName, failure: Failure }),
  /** All written and synced, machine is about to leave the installer. */
  z.object({
    type: z.literal('installed'),
    mergeCommit: z.string(),
    agentPeakRss: z.number().int().nonnegative().optional(),
  }),
])
export type AgentEvent = z.infer<typeof AgentEvent>

/** POST /agent/v1/installs/{id}/events: numbered per install from 1 without gaps; resending is harmless. */
export const EventsRequest = z.object({
  events: z
    .array(z.object({ seq: z.number().int().positive(), at: Timestamp, event: AgentEvent }))
    .min(1)
    .max(1000),
})
export type EventsRequest = z.infer<typeof EventsRequest>
export const EventsResponse = z.object({
  /** Highest number stored; the agent drops everything up to it. */
  acknowledged: z.number().int().nonnegative(),
  /** The server no longer wants this install to go on. */
  cancelled: z.boolean(),
})
export type EventsResponse = z.infer<typeof EventsResponse>

/**
 * POST /agent/v1/confirm with `Authorization: Bearer <confirm token>`: the deployed system says what it runs.
 * Answers 204; 409 when the digest is not the one installed.
 */
export const ConfirmRequest = z.object({
  installId: Uuid,
  digest: Digest,
  commit: z.string().optional(),
  kernel: z.string().optional(),
})
export type ConfirmRequest = z.infer<typeof ConfirmRequest>
