// The fleet at a glance: how machines stand, what is being installed, what failed and why, what runs where, what changed.
import { z } from 'zod'
import { Digest, Timestamp, Uuid } from './common.ts'
import { Event } from './event.ts'
import { InstallStepName, ReasonCode } from './install.ts'
import { MachineState } from './machine.ts'

const Count = z.number().int().nonnegative()

/** States that no machine is in are left out. */
const StateCounts = z.partialRecord(MachineState, Count)
export type StateCounts = z.infer<typeof StateCounts>

const NamedMachine = z.object({ id: Uuid, name: z.string() })

export const RunningInstall = z.object({
  installId: Uuid,
  machine: NamedMachine,
  image: z.string(),
  startedAt: Timestamp.nullable(),
  /** Last word of the machine, if that is a while ago. */
  silentSince: Timestamp.nullable(),
  /** The step that runs, with its bytes where it moves any; null between two steps. */
  step: InstallStepName.nullable(),
  bytes: Count,
  totalBytes: Count,
  /** Bytes per second, 0 when nothing was heard of it lately. */
  rate: z.number().nonnegative(),
})
export type RunningInstall = z.infer<typeof RunningInstall>

/** Machines that are `failed` now, by the reason of their last install. */
export const FailureGroup = z.object({
  code: ReasonCode,
  machines: Count,
  /** Of one of them. */
  message: z.string(),
  hint: z.string().nullable(),
  /** Some of them, by name. */
  examples: z.array(NamedMachine),
})
export type FailureGroup = z.infer<typeof FailureGroup>

/** Machines that want the same image, and what their disks hold; null where that is nothing known. */
export const ImageSpread = z.object({
  image: z.string().nullable(),
  machines: Count,
  runs: z.array(z.object({ digest: Digest.nullable(), machines: Count })),
})
export type ImageSpread = z.infer<typeof ImageSpread>

/** Installs that ended in some span of time, which begins `at`. */
export const FinishedInstalls = z.object({ at: Timestamp, succeeded: Count, failed: Count })
export type FinishedInstalls = z.infer<typeof FinishedInstalls>

/** Machines whose label has the same value; null for those without the label. */
export const LabelGroup = z.object({
  value: z.string().nullable(),
  machines: Count,
  states: StateCounts,
  /** By name, no more than a rack holds. */
  members: z.array(NamedMachine.extend({ state: MachineState })),
})
export type LabelGroup = z.infer<typeof LabelGroup>

export const Overview = z
  .object({
    at: Timestamp,
    /** What `changed`, `hours` and `news` tell begins here. */
    since: Timestamp,
    total: Count,
    states: StateCounts,
    installs: z.object({
      running: Count,
      /** Machines that have said nothing for a while in the middle of an install, booting and rebooting ones included. */
      silent: Count,
      /** Bytes per second of all that run. */
      rate: z.number().nonnegative(),
      /** The oldest of them. */
      list: z.array(RunningInstall),
    }),
    failures: z.array(FailureGroup),
    images: z.array(ImageSpread),
    changed: z.object({ discovered: Count, assigned: Count, succeeded: Count, failed: Count }),
    /** Hours in which no install ended are left out. */
    hours: z.array(FinishedInstalls),
    /** Days of 24 hours, of which one begins with `since`, from 13 before that on. Those in which no install ended are left out. */
    days: z.array(FinishedInstalls),
    /** Newest first. */
    news: z.array(Event),
    labels: z.array(z.object({ key: z.string(), values: Count, machines: Count })),
    /** By the label that was asked for; empty when none was. */
    groups: z.array(LabelGroup),
  })
  .meta({ id: 'Overview' })
export type Overview = z.infer<typeof Overview>
