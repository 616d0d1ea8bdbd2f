// What users ask of the database.
import type { Role, Scope } from '../contract/access.ts'

export interface UserRecord {
  id: string
  /** Unique, whatever its case. */
  name: string
  role: Exclude<Role, 'join'>
  scope: Scope | null
  /** As PasswordHasher makes it. */
  password: string
  /** From where the user logged in, the newest first. */
  addresses: string[]
  createdAt: string
  disabledAt: string | null
  lastLoginAt: string | null
}

export interface UserStore {
  insert(user: UserRecord): void
  update(id: string, change: Partial<Omit<UserRecord, 'id' | 'name' | 'createdAt'>>): void
  get(id: string): UserRecord | undefined
  byName(name: string): UserRecord | undefined
  /** By name. */
  list(): UserRecord[]
  /** With their sessions. */
  remove(id: string): void
}
