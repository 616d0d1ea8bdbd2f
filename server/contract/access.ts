// Who may call what: API tokens, roles, login.
import { z } from 'zod'
import { Timestamp, Uuid } from './common.ts'

/** `join`: lets machines that were started from a medium register, and nothing else. */
export const Role = z.enum(['admin', 'operator', 'viewer', 'join'])
export type Role = z.infer<typeof Role>

export const ApiToken = z
  .object({
    id: Uuid,
    name: z.string(),
    role: Role,
    createdAt: Timestamp,
    expiresAt: Timestamp.nullable(),
    lastUsedAt: Timestamp.nullable(),
  })
  .meta({ id: 'ApiToken' })
export type ApiToken = z.infer<typeof ApiToken>

export const CreateToken = z
  .strictObject({ name: z.string().min(1).max(100), role: Role, expiresAt: Timestamp.optional() })
  .meta({ id: 'CreateToken' })
export type CreateToken = z.infer<typeof CreateToken>

/** The secret is shown this one time. */
export const CreatedToken = ApiToken.extend({ secret: z.string() }).meta({ id: 'CreatedToken' })
export type CreatedToken = z.infer<typeof CreatedToken>

/** POST /api/v1/login: an API token or the one-time secret of the first start; sets a session cookie. */
export const LoginRequest = z.strictObject({ token: z.string().min(1) }).meta({ id: 'LoginRequest' })
export const Session = z.object({ name: z.string(), role: Role, expiresAt: Timestamp }).meta({ id: 'Session' })
export type Session = z.infer<typeof Session>
