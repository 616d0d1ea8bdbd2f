// What users ask of the database.
import type { Role, Scope } from '../contract/access.ts'

/** Who somebody is to an OpenID provider: unique, and never given to another person (OpenID Connect Core, section 5.7). */
export interface Identity {
  issuer: string
  subject: string
}

export interface UserRecord {
  id: string
  /** Unique, whatever its case. */
  name: string
  role: Exclude<Role, 'join'>
  scope: Scope | null
  /** As PasswordHasher makes it; null where a provider vouches for the user. */
  password: string | null
  /** Null for users with a password. */
  identity: Identity | null
  /** From where the user logged in, the newest first. */
  addresses: string[]
  createdAt: string
  disabledAt: string | null
  lastLoginAt: string | null
}

export interface UserStore {
  insert(user: UserRecord): void
  update(id: string, change: Partial<Omit<UserRecord, 'id' | 'name' | 'identity' | 'createdAt'>>): void
  get(id: string): UserRecord | undefined
  byName(name: string): UserRecord | undefined
  byIdentity(identity: Identity): UserRecord | undefined
  /** By name. */
  list(): UserRecord[]
  /** With their sessions. */
  remove(id: string): void
}
