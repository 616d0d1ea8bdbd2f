// A machine as people see it: identities, state, facts, wanted spec.
import { z } from 'zod'
import { Bmc, BmcView } from './bmc.ts'
import { Architecture, Digest, Firmware, Labels, Mac, Timestamp, Uuid } from './common.ts'
import { Facts } from './facts.ts'
import { Failure } from './install.ts'
import { MachineSpec, PartialSpec, SpecOrigins } from './spec.ts'

export const MachineState = z.enum([
  'discovered',
  'ready',
  'assigned',
  'booting',
  'installing',
  'rebooting',
  'deployed',
  'failed',
  'retired',
])
export type MachineState = z.infer<typeof MachineState>

export const MachineSummary = z
  .object({
    id: Uuid,
    name: z.string(),
    state: MachineState,
    macs: z.array(z.string()),
    serial: z.string().nullable(),
    uuid: z.string().nullable(),
    /** Address seen last, from lease or agent. */
    address: z.string().nullable(),
    /** Vendor and product. */
    product: z.string().nullable(),
    architecture: Architecture.nullable(),
    firmware: Firmware.nullable(),
    labels: Labels,
    /** Image reference wanted now, after merging profiles. */
    image: z.string().nullable(),
    wantedDigest: Digest.nullable(),
    runningDigest: Digest.nullable(),
    generation: z.number().int().nonnegative(),
    /** Counts changes of name, labels, own spec and management controller; an `If-Match` with it refuses to overwrite those of others. */
    revision: z.number().int().positive(),
    lastSeenAt: Timestamp.nullable(),
    /** Last word of a machine that has said nothing for a while in the middle of an install; null otherwise. */
    silentSince: Timestamp.nullable(),
    createdAt: Timestamp,
    /** Newest install, if any. */
    installId: Uuid.nullable(),
    failure: Failure.nullable(),
  })
  .meta({ id: 'MachineSummary' })
export type MachineSummary = z.infer<typeof MachineSummary>

export const MachinePage = z
  .object({
    items: z.array(MachineSummary),
    /** Null on the last page. */
    nextCursor: z.string().nullable(),
    /** How many the filter means, on all pages. */
    total: z.number().int().nonnegative(),
  })
  .meta({ id: 'MachinePage' })
export type MachinePage = z.infer<typeof MachinePage>

export const Machine = MachineSummary.extend({
  facts: Facts.nullable(),
  /** Values set on this machine itself. */
  ownSpec: PartialSpec,
  /** Its management controller, without the password. */
  bmc: BmcView.nullable(),
  /** Merged with its profiles and defaults. */
  spec: MachineSpec,
  origins: SpecOrigins,
  profiles: z.array(z.string()),
}).meta({ id: 'Machine' })
export type Machine = z.infer<typeof Machine>

export const Profile = z
  .object({
    id: Uuid,
    name: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/),
    /** Machines whose labels hold all of these belong to the profile; empty matches every machine. */
    selector: Labels,
    /** Higher wins over lower; equal priorities are ordered by name. */
    priority: z.number().int().default(0),
    spec: PartialSpec,
    /** Counts changes, as that of a machine. */
    revision: z.number().int().positive(),
  })
  .meta({ id: 'Profile' })
export type Profile = z.infer<typeof Profile>

export const CreateMachine = z
  .strictObject({
    macs: z.array(Mac).min(1),
    name: z.string().min(1).max(253).optional(),
    labels: Labels.optional(),
    spec: PartialSpec.optional(),
    bmc: Bmc.nullable().optional(),
  })
  .meta({ id: 'CreateMachine' })
export type CreateMachine = z.infer<typeof CreateMachine>

export const UpdateMachine = z
  .strictObject({ name: z.string().min(1).max(253), labels: Labels, spec: PartialSpec, bmc: Bmc.nullable() })
  .partial()
  .meta({ id: 'UpdateMachine' })
export type UpdateMachine = z.infer<typeof UpdateMachine>
