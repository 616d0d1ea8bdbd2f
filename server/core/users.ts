// People who log in: what they may do, and whether they still may.
import type { CreateUser, UpdateUser, User } from '../contract/access.ts'
import { timestamp } from './clock.ts'
import type { Clock } from './clock.ts'
import { CoreError } from './errors.ts'
import type { EventLog } from './events.ts'
import { uuidV7 } from './ids.ts'
import type { LoginGuard } from './login-guard.ts'
import type { PasswordHasher } from './passwords.ts'
import type { Principal, Tokens } from './tokens.ts'
import type { Transactions } from './transactions.ts'
import type { UserRecord, UserStore } from './user-store.ts'

export interface UserPorts {
  users: UserStore
  tokens: Pick<Tokens, 'endSessions' | 'sessionCounts'>
  passwords: Pick<PasswordHasher, 'hash'>
  guard: Pick<LoginGuard, 'unlock'>
  events: EventLog
  transactions: Transactions
  clock: Clock
}

/** Who makes a change. */
type By = Pick<Principal, 'actor' | 'userId'>

export class Users {
  readonly #ports: UserPorts

  constructor(ports: UserPorts) {
    this.#ports = ports
  }

  /** By name. */
  list(): User[] {
    const sessions = this.#ports.tokens.sessionCounts()
    return this.#ports.users.list().map((user) => toUser(user, sessions))
  }

  /** Throws USER_NOT_FOUND. */
  get(id: string): User {
    return toUser(this.#record(id), this.#ports.tokens.sessionCounts())
  }

  /** Throws CONFLICT when the name is taken, VALIDATION for a password that is the name. */
  async create({ name, password, role, scope: given }: CreateUser, by: By): Promise<User> {
    const { users, events, transactions, clock } = this.#ports
    const scope = given ?? null
    this.#requireFreeName(name)
    const kept = await this.#hash(name, password)
    return transactions.transaction(() => {
      this.#requireFreeName(name)
      const id = uuidV7(clock.now())
      const user = { id, name, role, scope, password: kept, identity: null, addresses: [], createdAt: timestamp(clock) }
      users.insert({ ...user, disabledAt: null, lastLoginAt: null })
      const message = `user ${name} with role ${role} was created`
      events.append({ type: 'user.created', actor: by.actor, message, data: { userId: id, name, role, scope } })
      return this.get(id)
    })
  }

  /**
   * Changes what is given. Role and scope count at once, for open sessions too; those end with a new password, and when the user is disabled.
   * Throws USER_NOT_FOUND, and CONFLICT where people would lock themselves out, and for what an OpenID provider decides.
   */
  async update(id: string, change: UpdateUser, by: By): Promise<User> {
    const { users, tokens, guard, events, transactions, clock } = this.#ports
    const { password, disabled, role, scope } = change
    const { name, identity } = this.#record(id)
    if (identity !== null && (password !== undefined || role !== undefined || scope !== undefined)) {
      throw new CoreError('CONFLICT', `password, role and scope of ${name} are those of ${identity.issuer}`, {
        hint: 'change them there, or what `oidc.roles` makes of them: they count with the next login',
      })
    }
    if (role !== undefined || scope !== undefined || disabled !== undefined)
      requireOther(id, by, 'change the rights of')
    const kept = password === undefined ? undefined : await this.#hash(name, password)
    return transactions.transaction(() => {
      const before = this.#record(id)
      users.update(id, {
        ...(role !== undefined && { role }),
        ...(scope !== undefined && { scope }),
        ...(disabled !== undefined && { disabledAt: disabled ? (before.disabledAt ?? timestamp(clock)) : null }),
        ...(kept !== undefined && { password: kept }),
      })
      if (kept !== undefined || disabled === true) tokens.endSessions(id)
      if (kept !== undefined) guard.unlock(name)
      const changed = Object.keys(change)
      if (changed.length > 0) {
        const message = `${changed.join(', ')} of user ${name} changed`
        const data = {
          userId: id,
          name,
          changed,
          ...(role && { role }),
          ...(scope !== undefined && { scope }),
          ...(disabled !== undefined && { disabled }),
        }
        events.append({ type: 'user.changed', actor: by.actor, message, data })
      }
      return this.get(id)
    })
  }

  /** Gives a user another password, ending all sessions but the one with this secret. The old password was right. */
  async setOwnPassword(id: string, password: string, { except }: { except: string | undefined }): Promise<void> {
    const { users, tokens, events, transactions } = this.#ports
    const { name } = this.#record(id)
    const kept = await this.#hash(name, password)
    transactions.transaction(() => {
      users.update(id, { password: kept })
      tokens.endSessions(id, { except })
      const message = `user ${name} took a new password`
      events.append({
        type: 'user.changed',
        actor: `user:${name}`,
        message,
        data: { userId: id, name, changed: ['password'] },
      })
    })
  }

  /** Ends all sessions of a user. Throws USER_NOT_FOUND. */
  endSessions(id: string, by: By): void {
    const { tokens, events, transactions } = this.#ports
    transactions.transaction(() => {
      const { name } = this.#record(id)
      const ended = tokens.endSessions(id)
      const message = `user ${name} was signed out everywhere`
      events.append({
        type: 'user.changed',
        actor: by.actor,
        message,
        data: { userId: id, name, endedSessions: ended },
      })
    })
  }

  /** Removes a user with all sessions. Throws USER_NOT_FOUND, and CONFLICT for oneself. */
  remove(id: string, by: By): void {
    const { users, events, transactions } = this.#ports
    transactions.transaction(() => {
      const { name } = this.#record(id)
      requireOther(id, by, 'remove')
      users.remove(id)
      const message = `user ${name} was removed`
      events.append({ type: 'user.removed', actor: by.actor, message, data: { userId: id, name } })
    })
  }

  #hash(name: string, password: string): Promise<string> {
    if (password.toLowerCase().includes(name.toLowerCase()) && name.length > 3) {
      throw new CoreError('VALIDATION', 'the password holds the name of the user: take another one')
    }
    return this.#ports.passwords.hash(password)
  }

  #record(id: string): UserRecord {
    const user = this.#ports.users.get(id)
    if (!user) throw new CoreError('USER_NOT_FOUND', `there is no user ${id}`)
    return user
  }

  #requireFreeName(name: string): void {
    if (!this.#ports.users.byName(name)) return
    throw new CoreError('CONFLICT', `there is a user named ${name} already`, { hint: 'take another name' })
  }
}

/** So an administrator is left, whatever one does. */
function requireOther(id: string, { userId }: By, what: string): void {
  if (id !== userId) return
  throw new CoreError('CONFLICT', `you cannot ${what} yourself`, { hint: 'have another administrator do it' })
}

function toUser(
  { id, name, role, scope, identity, createdAt, disabledAt, lastLoginAt }: UserRecord,
  sessions: Map<string, number>,
): User {
  return {
    id,
    name,
    role,
    scope,
    issuer: identity?.issuer ?? null,
    disabled: disabledAt !== null,
    createdAt,
    lastLoginAt,
    sessions: sessions.get(id) ?? 0,
  }
}
