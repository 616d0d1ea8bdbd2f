// Who may call what: users, API tokens, roles, scopes, login.
import { z } from 'zod'
import { Labels, Timestamp, Uuid } from './common.ts'

/** `join`: lets machines that were started from a medium register, and nothing else. */
export const Role = z.enum(['admin', 'operator', 'viewer', 'join'])
export type Role = z.infer<typeof Role>

/** The machines that somebody may see and change: those with all of these labels. Where it is null: all, and what belongs to no machine. */
export const Scope = Labels.refine(
  (labels) => Object.keys(labels).length > 0,
  'must name a label; leave it out for everything',
)
export type Scope = z.infer<typeof Scope>

export const ApiToken = z
  .object({
    id: Uuid,
    name: z.string(),
    role: Role,
    scope: Labels.nullable(),
    createdAt: Timestamp,
    expiresAt: Timestamp.nullable(),
    lastUsedAt: Timestamp.nullable(),
  })
  .meta({ id: 'ApiToken' })
export type ApiToken = z.infer<typeof ApiToken>

export const CreateToken = z
  .strictObject({
    name: z.string().min(1).max(100),
    role: Role,
    scope: Scope.optional().describe('only machines with these labels'),
    expiresAt: Timestamp.optional(),
  })
  .refine(({ role, scope }) => role !== 'join' || scope === undefined, {
    message: 'is for people and programs; a machine that joins has no labels yet',
    path: ['scope'],
  })
  .meta({ id: 'CreateToken' })
export type CreateToken = z.infer<typeof CreateToken>

/** The secret is shown this one time. */
export const CreatedToken = ApiToken.extend({ secret: z.string() }).meta({ id: 'CreatedToken' })
export type CreatedToken = z.infer<typeof CreatedToken>

const UserName = z
  .string()
  .toLowerCase()
  .regex(/^[a-z0-9][a-z0-9._@-]{0,63}$/, 'must be letters, digits and . _ @ -, at most 64')

export const UserRole = Role.exclude(['join'])

/** Length is what makes a password hard to guess (NIST SP 800-63B section 3.1.1); rules about characters are not. */
const Password = z.string().min(12, 'must have at least 12 characters').max(256)

export const User = z
  .object({
    id: Uuid,
    name: z.string(),
    role: UserRole,
    scope: Labels.nullable(),
    /** The OpenID provider that vouches for the user; null for those with a password. */
    issuer: z.string().nullable(),
    disabled: z.boolean(),
    createdAt: Timestamp,
    lastLoginAt: Timestamp.nullable(),
    /** Browser sessions open now. */
    sessions: z.number().int().nonnegative(),
  })
  .meta({ id: 'User' })
export type User = z.infer<typeof User>

export const CreateUser = z
  .strictObject({
    name: UserName,
    password: Password,
    role: UserRole,
    scope: Scope.optional().describe('only machines with these labels'),
  })
  .meta({ id: 'CreateUser' })
export type CreateUser = z.infer<typeof CreateUser>

export const UpdateUser = z
  .strictObject({
    password: Password.describe('ends the sessions of the user, and a lock after failed logins'),
    role: UserRole,
    scope: Scope.nullable().describe('null: everything'),
    disabled: z.boolean().describe('ends the sessions of the user too'),
  })
  .partial()
  .meta({ id: 'UpdateUser' })
export type UpdateUser = z.infer<typeof UpdateUser>

export const ChangePassword = z
  .strictObject({ current: z.string().min(1).max(256), password: Password })
  .meta({ id: 'ChangePassword' })
export type ChangePassword = z.infer<typeof ChangePassword>

/** POST /api/v1/login, which sets a session cookie. */
export const LoginRequest = z
  .union([
    z.strictObject({
      token: z.string().min(1).max(1000).describe('an API token, or the one-time secret of the first start'),
    }),
    z.strictObject({ name: z.string().min(1).max(100), password: z.string().min(1).max(256) }),
  ])
  .meta({ id: 'LoginRequest' })
export type LoginRequest = z.infer<typeof LoginRequest>

export const Session = z
  .object({
    name: z.string(),
    role: Role,
    scope: Labels.nullable(),
    /** What it was opened with; only a `user` has a password to change. */
    by: z.enum(['user', 'oidc', 'token', 'link']),
    expiresAt: Timestamp,
  })
  .meta({ id: 'Session' })
export type Session = z.infer<typeof Session>

/** What the login page offers. */
export const LoginOptions = z
  .object({
    /** The OpenID provider, by the name that people know it by; null where there is none. */
    oidc: z.object({ name: z.string() }).nullable(),
  })
  .meta({ id: 'LoginOptions' })
export type LoginOptions = z.infer<typeof LoginOptions>
