// What tokens ask of the database. Only hashes are stored.
import type { Role, Scope } from '../contract/access.ts'

/**
 * `install`: opens an agent session; `agent`: that session; `confirm`: the first-boot report; `pull`: the image of one install; `api`: a person's or program's token;
 * `ui`: a browser session; `login`: one login.
 */
export type TokenKind = 'install' | 'agent' | 'confirm' | 'pull' | 'api' | 'ui' | 'login'

export interface TokenRecord {
  id: string
  kind: TokenKind
  /** SHA-256 of the secret, hex. */
  hash: string
  name: string
  role: Role | null
  machineId: string | null
  installId: string | null
  generation: number | null
  bootId: string | null
  /** The API token a session was opened with; it ends with it. */
  parentId: string | null
  /** The user a session was opened by; role and scope are the user's then. */
  userId: string | null
  scope: Scope | null
  createdAt: string
  expiresAt: string | null
  lastUsedAt: string | null
}

export interface TokenStore {
  insert(token: TokenRecord): void
  byHash(hash: string): TokenRecord | undefined
  get(id: string): TokenRecord | undefined
  /** Oldest first. */
  list(kind: TokenKind): TokenRecord[]
  /** The agent session of a machine. */
  agentOf(machineId: string): TokenRecord | undefined
  touch(id: string, at: string): void
  remove(id: string): void
  /** Removes those of a machine; with `belowGeneration` only older ones. */
  removeOf(machineId: string, kind: TokenKind, belowGeneration?: number): void
  /** Ends the browser sessions of a user or an API token, but for the one with this hash; tells how many. */
  removeSessions(opened: { userId: string } | { parentId: string }, options?: { except?: string }): number
  /** How many sessions users have, by their id; those without are left out. */
  sessionCounts(now: string): Map<string, number>
  /** API tokens stay, so that people see which expired. */
  removeExpired(now: string): void
}
