// One run of an install: steps, outcome, reason codes.
import { z } from 'zod'
import { Digest, Timestamp, Uuid } from './common.ts'
import { EraseReport } from './erase.ts'
import { InstallLayer } from './install-layers.ts'
import { StoragePlan } from './plan.ts'
import { MachineSpec } from './spec.ts'
import { TrustCode, TrustVerdict } from './trust.ts'

/** Steps in the order they happen; an install may skip none. */
export const InstallStepName = z.enum([
  'boot',
  'identify',
  'plan',
  'partition',
  'fetch',
  'deploy',
  'configure',
  'bootloader',
  'finalize',
  'reboot',
  'confirm',
])
export type InstallStepName = z.infer<typeof InstallStepName>

/** Stable codes that say why an install ended badly. Texts may change, codes don't. */
export const ReasonCode = z.enum([
  ...TrustCode.options,
  'DISK_NONE_MATCHES',
  'DISK_SEVERAL_MATCH',
  'DISK_TOO_SMALL',
  'DISK_LAYOUT',
  'DISK_LOCKED',
  'DISK_ERASE',
  'DISK_IO',
  'DIGEST_MISMATCH',
  'DIFFID_MISMATCH',
  'SIZE_MISMATCH',
  'IMAGE_NOT_FOUND',
  'IMAGE_INVALID',
  'IMAGE_NOT_BOOTABLE',
  'IMAGE_UNSUPPORTED',
  'TOO_MANY_LAYERS',
  'TOO_MANY_FILES',
  'LAYER_BOMB',
  'LAYER_INVALID',
  'PATH_INVALID',
  'ARCHITECTURE_MISMATCH',
  'MEDIUM_UNREADABLE',
  'NETWORK',
  'NO_SPACE',
  'DEPLOY_FAILED',
  'BOOTLOADER_FAILED',
  'CONFIGURE_FAILED',
  'WRONG_DIGEST_BOOTED',
  'KICKSTART_INVALID',
  'INSTALLER_FAILED',
  'INTERRUPTED',
  'CANCELLED',
  'TIMEOUT',
  'INTERNAL',
])
export type ReasonCode = z.infer<typeof ReasonCode>

export const InstallState = z.enum(['pending', 'running', 'rebooting', 'succeeded', 'failed', 'superseded'])
export type InstallState = z.infer<typeof InstallState>

export const InstallStep = z.object({
  name: InstallStepName,
  state: z.enum(['pending', 'running', 'done', 'failed']),
  startedAt: Timestamp.nullable(),
  endedAt: Timestamp.nullable(),
  /** Bytes done and expected, where the step moves bytes. */
  bytes: z.number().int().nonnegative(),
  totalBytes: z.number().int().nonnegative(),
  /** Bytes per second over the last moments; 0 when idle. */
  rate: z.number().nonnegative(),
  message: z.string(),
})
export type InstallStep = z.infer<typeof InstallStep>

export const Failure = z
  .object({ code: ReasonCode, message: z.string(), hint: z.string().optional() })
  .meta({ id: 'Failure' })
export type Failure = z.infer<typeof Failure>

/** Opens all encrypted disks of one install. */
export const RecoveryKey = z.object({ key: z.string() }).meta({ id: 'RecoveryKey' })

export const Install = z
  .object({
    id: Uuid,
    machineId: Uuid,
    generation: z.number().int().positive(),
    state: InstallState,
    /** Reference as assigned and the manifest digest it meant at that moment, for the machine's architecture. */
    image: z.string(),
    digest: Digest,
    spec: MachineSpec,
    /** Why the image was allowed; null for installs of versions that did not judge. */
    trust: TrustVerdict.nullable(),
    plan: StoragePlan.nullable(),
    /** Every attempt to erase a disk, oldest first; none where only signatures went. */
    erasures: z.array(EraseReport),
    steps: z.array(InstallStep),
    failure: Failure.nullable(),
    createdAt: Timestamp,
    startedAt: Timestamp.nullable(),
    endedAt: Timestamp.nullable(),
    /** Digest that the deployed system itself reported. */
    confirmedDigest: Digest.nullable(),
    /** Peak resident set of the agent, bytes. */
    agentPeakRss: z.number().int().nonnegative().nullable(),
  })
  .meta({ id: 'Install' })
export type Install = z.infer<typeof Install>

/** An install looked at by itself. */
export const InstallDetail = Install.extend({
  /** Of the image, lowest first, as last heard; none before they stream, or when another program than Landfall's agent fetches them. */
  layers: z.array(InstallLayer),
}).meta({ id: 'InstallDetail' })
export type InstallDetail = z.infer<typeof InstallDetail>
