// The audit trail: who did or tried what to which target, from where, and what came of it.
import { z } from 'zod'
import { Role } from './access.ts'
import { Timestamp } from './common.ts'

/** `refused`: nothing was changed, the caller's fault; `failed`: the server's. */
export const AuditResult = z.enum(['done', 'refused', 'failed'])
export type AuditResult = z.infer<typeof AuditResult>

export const AuditEntry = z
  .object({
    seq: z.number().int().positive(),
    at: Timestamp,
    /** `user:<name>`, `token:<name>`, or `anonymous`. */
    actor: z.string(),
    role: Role.nullable(),
    /** IP address of the client. */
    address: z.string().nullable(),
    /** Operation of the API, as `POST /machines/{id}/reinstall`, or of the registry. */
    action: z.string(),
    /** What it was done to: the path with its values. */
    target: z.string(),
    /** What the path does not tell, as the machines of a bulk change. */
    detail: z.string(),
    result: AuditResult,
    /** Why it was refused or failed. */
    code: z.string().nullable(),
    /** Finds the request in the server's log. */
    requestId: z.string().nullable(),
  })
  .meta({ id: 'AuditEntry' })
export type AuditEntry = z.infer<typeof AuditEntry>

export const AuditFilter = z
  .strictObject({
    actor: z.string().min(1).max(200).describe('exactly this one: `user:ann`'),
    action: z.string().min(1).max(200).describe('a part of the operation'),
    target: z.string().min(1).max(500).describe('a part of target or detail'),
    result: AuditResult,
    since: Timestamp.describe('at this time or later'),
    until: Timestamp.describe('before this time'),
  })
  .partial()
export type AuditFilter = z.infer<typeof AuditFilter>

export const AuditFormat = z.enum(['ndjson', 'csv'])
export type AuditFormat = z.infer<typeof AuditFormat>

/** Columns of an export, in order. */
export const AUDIT_COLUMNS = Object.keys(AuditEntry.shape) as (keyof AuditEntry)[]
