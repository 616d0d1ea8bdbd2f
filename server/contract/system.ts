// The server about itself, leases, and the error body every endpoint uses.
import { z } from 'zod'
import { Timestamp, Uuid } from './common.ts'

export const SystemInfo = z
  .object({
    name: z.string(),
    version: z.string(),
    startedAt: Timestamp,
    /** SHA-256 of the CA certificate's DER, hex. */
    caFingerprint: z.string(),
    httpUrl: z.string(),
    httpsUrl: z.string(),
    /** What `bootc upgrade` and clients name this server's registry: host:port. */
    registry: z.string(),
    dhcp: z.array(
      z.object({
        interface: z.string(),
        address: z.string(),
        /** What it does now; `auto` until it has looked for other servers. */
        mode: z.enum(['server', 'proxy', 'auto', 'stateless', 'stateful']),
        state: z.enum(['probing', 'running', 'failed']),
        problem: z.string().nullable(),
      }),
    ),
    warnings: z.array(z.string()),
  })
  .meta({ id: 'SystemInfo' })
export type SystemInfo = z.infer<typeof SystemInfo>

export const Lease = z
  .object({
    address: z.string(),
    mac: z.string(),
    machineId: Uuid.nullable(),
    hostname: z.string().nullable(),
    state: z.enum(['bound', 'released', 'declined', 'expired', 'reserved']),
    startsAt: Timestamp.nullable(),
    endsAt: Timestamp.nullable(),
  })
  .meta({ id: 'Lease' })
export type Lease = z.infer<typeof Lease>

/** RFC 9457 problem details, `application/problem+json`; `code` is stable, `hint` names the next step. */
export const Problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    code: z.string(),
    detail: z.string(),
    hint: z.string().optional(),
    requestId: z.string().optional(),
    /** SHA-256 of the certificate that is not trusted, hex. */
    certificate: z.string().optional(),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'Problem' })
export type Problem = z.infer<typeof Problem>
