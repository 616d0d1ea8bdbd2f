// Logging in by name and password or by token, from wherever: the web page, the command line, a client of the registry.
import type { Session } from '../contract/access.ts'
import type { AuditLog } from './audit.ts'
import { timestamp } from './clock.ts'
import type { Clock } from './clock.ts'
import { CoreError, unlessStoreFails } from './errors.ts'
import type { EventLog } from './events.ts'
import type { Attempt, LoginGuard } from './login-guard.ts'
import type { PasswordHasher } from './passwords.ts'
import { principalOfUser } from './tokens.ts'
import type { Principal, Tokens } from './tokens.ts'
import type { UserRecord, UserStore } from './user-store.ts'

export interface LoginPorts {
  users: UserStore
  tokens: Tokens
  passwords: Pick<PasswordHasher, 'verify'>
  guard: LoginGuard
  events: EventLog
  audit: AuditLog
  clock: Clock
}

/** Where a login comes from. */
export interface LoginOrigin {
  address: string
  requestId?: string | undefined
  /** As the audit trail calls it; default `POST /login`. */
  action?: string
}

export interface OpenedSession {
  /** For the cookie. */
  secret: string
  session: Session
}

/** Addresses kept of a user, the newest. */
const KNOWN_ADDRESSES = 10

export class Logins {
  readonly #ports: LoginPorts

  constructor(ports: LoginPorts) {
    this.#ports = ports
  }

  /** Opens a session by name and password. Throws LOGIN_REFUSED, which tells a wrong name from a wrong password to nobody; TOO_MANY_ATTEMPTS. */
  async byPassword(name: string, password: string, from: LoginOrigin): Promise<OpenedSession> {
    const user = await this.#verified(name, password, from)
    const opened = this.#ports.tokens.openSession(user)
    this.#done(principalOfUser(user), from)
    return opened
  }

  /** Opens a session with an API token or the one-time secret. Throws LOGIN_REFUSED, TOO_MANY_ATTEMPTS. */
  byToken(secret: string, from: LoginOrigin): OpenedSession {
    const { tokens, guard } = this.#ports
    const attempt: Attempt = { address: from.address }
    guard.admit(attempt)
    try {
      const opened = tokens.login(secret)
      guard.succeeded(attempt)
      this.#done(tokens.authenticate(opened.secret)!, from)
      return opened
    } catch (cause) {
      if (!(cause instanceof CoreError) || (cause.code !== 'TOKEN_INVALID' && cause.code !== 'TOKEN_EXPIRED')) {
        guard.withdrawn(attempt)
        throw cause
      }
      this.#refused('anonymous', from)
      const hint = 'a login link works once; `landfall token create` makes an API token to log in with'
      throw new CoreError('LOGIN_REFUSED', `the login was refused: ${cause.message}`, { cause, hint })
    }
  }

  /** Who has this name and password, without a session. Throws as `byPassword` does. */
  async principal(name: string, password: string, from: LoginOrigin): Promise<Principal> {
    return principalOfUser(await this.#verified(name, password, from))
  }

  /** Throws LOGIN_REFUSED unless it is the user's password, TOO_MANY_ATTEMPTS. For what only the user may do. */
  async requirePassword(userId: string, password: string, from: LoginOrigin): Promise<void> {
    const user = this.#ports.users.get(userId)
    if (!user) throw refusal()
    await this.#verified(user.name, password, from)
  }

  async #verified(name: string, password: string, from: LoginOrigin): Promise<UserRecord> {
    const { users, passwords, guard, clock, events } = this.#ports
    const found = users.byName(name)
    const attempt = { name, address: from.address, isKnownHere: found?.addresses.includes(from.address) ?? false }
    // Not written down when refused: whoever knocks on and on would fill the disk.
    guard.admit(attempt)
    const isRight = await passwords.verify(password, found?.password ?? undefined).catch((error: unknown) => {
      guard.withdrawn(attempt)
      throw error
    })
    // Things may have changed meanwhile.
    const user = found && users.get(found.id)
    if (!isRight || !user || user.password !== found?.password || user.disabledAt !== null) {
      // People type passwords where names belong: only names that exist are written down.
      const who = found ? found.name : 'an unknown user'
      unlessStoreFails(() => events.append({ type: 'login.refused', message: `a login as ${who} was refused` }))
      this.#refused(found ? `user:${found.name}` : 'anonymous', from)
      throw refusal()
    }
    guard.succeeded(attempt)
    const addresses = withAddress(user.addresses, from.address)
    unlessStoreFails(() => users.update(user.id, { addresses, lastLoginAt: timestamp(clock) }))
    return user
  }

  #done({ actor, role }: Principal, { action = 'POST /login', ...from }: LoginOrigin): void {
    this.#ports.audit.record({ actor, role, action, ...from, result: 'done' })
  }

  #refused(actor: string, { action = 'POST /login', ...from }: LoginOrigin): void {
    this.#ports.audit.record({ actor, action, ...from, result: 'refused', code: 'LOGIN_REFUSED' })
  }
}

/** The addresses of a user after a login from this one. */
export function withAddress(addresses: readonly string[], address: string): string[] {
  return [address, ...addresses.filter((known) => known !== address)].slice(0, KNOWN_ADDRESSES)
}

function refusal(): CoreError {
  return new CoreError('LOGIN_REFUSED', 'the login was refused: name or password is wrong', {
    hint: 'an administrator can set a new password: `landfall user password NAME`',
  })
}
