// Machines and profiles as documents: what people keep in files, `landfall get` writes and `landfall apply` reads back.
import { z } from 'zod'
import { Bmc } from './bmc.ts'
import { Labels, Mac, Uuid } from './common.ts'
import { MAX_BULK_MACHINES } from './machine-bulk.ts'
import { Profile } from './machine.ts'
import type { Machine } from './machine.ts'
import { PartialSpec } from './spec.ts'

/** Of what a machine has, all that people decide on. What is absent stays as it is. */
export const MachineDocument = z
  .strictObject({
    kind: z.literal('machine'),
    name: z.string().min(1).max(253),
    macs: z.array(Mac).max(64).optional().describe('further ones that the machine has showed stay its own'),
    labels: Labels.optional(),
    spec: PartialSpec.optional(),
    /** Its management controller; null for none. */
    bmc: Bmc.nullable().optional(),
  })
  .meta({ id: 'MachineDocument' })
export type MachineDocument = z.infer<typeof MachineDocument>

export const ProfileDocument = z
  .strictObject({
    kind: z.literal('profile'),
    name: Profile.shape.name,
    /** Never left out: one that is empty means every machine. */
    selector: Labels,
    priority: Profile.shape.priority.unwrap().optional(),
    spec: PartialSpec.optional(),
  })
  .meta({ id: 'ProfileDocument' })
export type ProfileDocument = z.infer<typeof ProfileDocument>

export const Document = z.discriminatedUnion('kind', [MachineDocument, ProfileDocument], {
  error: 'kind must be machine or profile',
})
export type Document = z.infer<typeof Document>

export const DOCUMENT_KINDS = ['machine', 'profile'] as const satisfies Document['kind'][]

/** A document of what is there, with everything in it. */
export function machineDocument({
  name,
  macs,
  labels,
  ownSpec,
  bmc,
}: Pick<Machine, 'name' | 'macs' | 'labels' | 'ownSpec' | 'bmc'>): MachineDocument {
  return { kind: 'machine', name, macs, labels, spec: ownSpec, ...(bmc && { bmc }) }
}

/** The same of a profile. */
export function profileDocument({
  name,
  selector,
  priority,
  spec,
}: Pick<Profile, 'name' | 'selector' | 'priority' | 'spec'>): ProfileDocument {
  return { kind: 'profile', name, selector, priority, spec }
}

/** With room for as many documents; see http/api/app.ts. */
export const MAX_DOCUMENTS_BYTES = 16 * 2 ** 20

export const ApplyRequest = z
  .strictObject({
    documents: z.array(Document).min(1).max(MAX_BULK_MACHINES),
    dryRun: z.boolean().default(false).describe('tell what would come of it, and change nothing'),
  })
  .meta({ id: 'ApplyRequest' })
export type ApplyRequest = z.infer<typeof ApplyRequest>

export const ApplyOutcome = z.enum(['created', 'changed', 'unchanged', 'refused'])
export type ApplyOutcome = z.infer<typeof ApplyOutcome>

/** One value: where it is, and what it was and becomes; long texts cut short, secrets masked. Absent where there was or will be none. */
const Change = z.object({ path: z.string(), before: z.unknown().optional(), after: z.unknown().optional() })
export type Change = z.infer<typeof Change>

const ApplyItem = z.object({
  kind: z.enum(DOCUMENT_KINDS),
  /** Null where a row of an import names none. */
  name: z.string().nullable(),
  /** Null where there is none (yet). */
  id: Uuid.nullable(),
  outcome: ApplyOutcome,
  changes: z.array(Change),
  error: z.object({ code: z.string(), message: z.string(), hint: z.string().optional() }).nullable(),
})
export type ApplyItem = z.infer<typeof ApplyItem>

export const ApplyResult = z
  .object({
    /** False when nothing was written: it was a dry run, or something was refused. */
    applied: z.boolean(),
    /** As many as there were documents, in their order: what came of each, or would have. */
    results: z.array(ApplyItem),
  })
  .meta({ id: 'ApplyResult' })
export type ApplyResult = z.infer<typeof ApplyResult>

export const EXCHANGE_FORMATS = ['csv', 'yaml', 'netbox'] as const
/** `netbox` is JSON in the form of NetBox's devices and interfaces. */
export const ExchangeFormat = z.enum(EXCHANGE_FORMATS)
export type ExchangeFormat = z.infer<typeof ExchangeFormat>

/** `json` is a list of documents; it comes back as YAML, which it is too. */
export const ExportFormat = z.enum([...EXCHANGE_FORMATS, 'json'])
export type ExportFormat = z.infer<typeof ExportFormat>

export const ImportRequest = z
  .strictObject({
    format: ExchangeFormat,
    /** The file. */
    text: z
      .string()
      .min(1)
      .max(MAX_DOCUMENTS_BYTES / 2),
    dryRun: z.boolean().default(false).describe('tell what would come of it, and change nothing'),
    skipRefused: z.boolean().default(false).describe('take in the other rows when some are refused'),
  })
  .meta({ id: 'ImportRequest' })
export type ImportRequest = z.infer<typeof ImportRequest>

export const ImportResult = z
  .object({
    applied: z.boolean(),
    results: z.array(
      ApplyItem.extend({
        /** Where it is in the file: its line; in one of NetBox the number of the device. */
        row: z.number().int().positive(),
      }),
    ),
  })
  .meta({ id: 'ImportResult' })
export type ImportResult = z.infer<typeof ImportResult>
