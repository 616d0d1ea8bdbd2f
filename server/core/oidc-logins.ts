// Logging in where an OpenID provider says who somebody is, and its claims what they may do.
import { createHash } from 'node:crypto'
import { CodedError } from '../contract/coded-error.ts'
import type { OidcRole } from '../contract/oidc.ts'
import type { AuditLog } from './audit.ts'
import { timestamp } from './clock.ts'
import type { Clock } from './clock.ts'
import { CoreError, unlessStoreFails } from './errors.ts'
import type { EventLog } from './events.ts'
import { uuidV7 } from './ids.ts'
import type { LoginGuard } from './login-guard.ts'
import { withAddress } from './logins.ts'
import type { LoginOrigin, OpenedSession } from './logins.ts'
import type { Tokens } from './tokens.ts'
import type { Transactions } from './transactions.ts'
import type { Identity, UserRecord, UserStore } from './user-store.ts'

/** What the answer of a provider is held against; only the browser that began a login has it. */
export interface LoginChecks {
  state: string
  nonce: string
  verifier: string
}

/** What a provider says of somebody. */
export interface Vouched {
  identity: Identity
  /** As people call them; anybody may have it. */
  name: string
  /** Of the claim that roles depend on. */
  values: string[]
}

export interface OidcProvider {
  /** Where to send the browser. Rejects when the provider cannot be used. */
  begin(redirectUri: string): Promise<{ url: string; checks: LoginChecks }>
  /** Who came back, to the address with the provider's answer in it. Rejects unless all of it is proven. */
  finish(answer: URL, checks: LoginChecks): Promise<Vouched>
}

export interface OidcLoginPorts {
  provider: OidcProvider
  users: UserStore
  tokens: Pick<Tokens, 'openSession' | 'endSessions'>
  guard: Pick<LoginGuard, 'admit' | 'succeeded'>
  events: EventLog
  audit: AuditLog
  transactions: Transactions
  clock: Clock
}

export interface OidcLoginOptions {
  /** Of the provider, on the button. */
  name: string
  claim: string
  /** The first one whose value somebody has counts. */
  roles: readonly OidcRole[]
}

type Rights = Pick<UserRecord, 'role' | 'scope'>

/** Names of local users have no colon, so that nobody is taken for one of them. */
const PREFIX = 'oidc:'

export class OidcLogins {
  readonly name: string
  readonly #ports: OidcLoginPorts
  readonly #options: OidcLoginOptions

  constructor(ports: OidcLoginPorts, options: OidcLoginOptions) {
    this.name = options.name
    this.#ports = ports
    this.#options = options
  }

  /** Where to send the browser. Rejects with the provider's error, written down; TOO_MANY_ATTEMPTS. */
  begin(redirectUri: string, from: LoginOrigin): Promise<{ url: string; checks: LoginChecks }> {
    return this.#attempt(from, () => this.#ports.provider.begin(redirectUri))
  }

  /**
   * Opens a session for whom the provider vouches; role and scope are those of its claims now. Without checks there was no login under way.
   * Rejects with the provider's error, LOGIN_REFUSED, NO_ROLE, USER_DISABLED, all written down; TOO_MANY_ATTEMPTS.
   */
  finish(answer: URL, checks: LoginChecks | undefined, from: LoginOrigin): Promise<OpenedSession> {
    return this.#attempt(from, async () => {
      if (answer.searchParams.get('state') !== checks?.state || checks === undefined) {
        throw new CoreError('LOGIN_REFUSED', 'this answer belongs to no login that was begun in this browser', {
          hint: 'begin again: a login is good for ten minutes, in the window that it was begun in last, until the server restarts',
        })
      }
      const vouched = await this.#ports.provider.finish(answer, checks)
      const user = this.#admit(vouched, from)
      const opened = this.#ports.tokens.openSession(user)
      this.#ports.audit.record({ ...line(from), actor: `user:${user.name}`, role: user.role, result: 'done' })
      return opened
    })
  }

  /** What fails counts like a wrong password, so that strangers can neither fill the audit trail nor keep the provider busy. */
  async #attempt<T>(from: LoginOrigin, work: () => Promise<T>): Promise<T> {
    const { guard, audit, events } = this.#ports
    guard.admit(from)
    try {
      const outcome = await work()
      guard.succeeded({ address: from.address })
      return outcome
    } catch (error) {
      if (error instanceof CodedError) {
        const { code, message } = error as CodedError<string>
        const actor = error instanceof Refusal && error.user !== undefined ? `user:${error.user}` : 'anonymous'
        unlessStoreFails(() => events.append({ type: 'login.refused', message: `a login was refused: ${message}` }))
        audit.record({ ...line(from), actor, detail: message, result: 'refused', code })
      }
      throw error
    }
  }

  /** The user as of now, recorded. */
  #admit({ identity, name, values }: Vouched, from: LoginOrigin): UserRecord {
    const { users, tokens, transactions, clock } = this.#ports
    const rights = rightsOf(values, this.#options.roles)
    const known = users.byIdentity(identity)
    const who = known?.name ?? plainName(name)
    if (rights === undefined) {
      // What was open is no longer theirs either.
      if (known) tokens.endSessions(known.id)
      throw new Refusal('NO_ROLE', known?.name, this.#withoutRole(who, values), {
        hint: `have one of the values of oidc.roles put into the claim ${this.#options.claim} at the provider, or oidc.roles extended on this server; then log in again`,
      })
    }
    if (known && known.disabledAt !== null) {
      const hint = 'an administrator can let them in again: `landfall user update NAME --enable`'
      throw new Refusal('USER_DISABLED', who, `${who} was shut out of this server`, { hint })
    }
    return transactions.transaction(() => {
      const id = known?.id ?? this.#create(identity, name, rights)
      const before = users.get(id)!
      const addresses = withAddress(before.addresses, from.address)
      users.update(id, { ...rights, addresses, lastLoginAt: timestamp(clock) })
      if (known) this.#noteChange(known, rights)
      return users.get(id)!
    })
  }

  #create(identity: Identity, wanted: string, rights: Rights): string {
    const { users, events, clock } = this.#ports
    const plain = PREFIX + plainName(wanted)
    // Names are for people and may be given anew at the provider; the trail must not mix up who had them.
    const mark = createHash('sha256').update(`${identity.issuer}\n${identity.subject}`).digest('hex').slice(0, 12)
    const name = users.byName(plain) ? `${plain}:${mark}` : plain
    const id = uuidV7(clock.now())
    const empty = { password: null, addresses: [], disabledAt: null, lastLoginAt: null }
    users.insert({ id, name, identity, ...rights, ...empty, createdAt: timestamp(clock) })
    const message = `user ${name} with role ${rights.role} came from ${identity.issuer}`
    events.append({ type: 'user.created', actor: `user:${name}`, message, data: { userId: id, name, ...rights } })
    return id
  }

  #noteChange({ id, name, role, scope }: UserRecord, rights: Rights): void {
    const now = { role: rights.role, scope: rights.scope }
    const changed = (['role', 'scope'] as const).filter(
      (key) => JSON.stringify({ role, scope }[key]) !== JSON.stringify(now[key]),
    )
    if (changed.length === 0) return
    const message = `${changed.join(', ')} of user ${name} changed at the provider`
    const data = { userId: id, name, changed, ...now }
    this.#ports.events.append({ type: 'user.changed', actor: `user:${name}`, message, data })
  }

  #withoutRole(who: string, values: readonly string[]): string {
    const { claim } = this.#options
    if (values.length === 0) return `${who} has no role here: the provider sends no claim ${claim}`
    const shown = values.slice(0, 10).map((value) => JSON.stringify(value.slice(0, 100)))
    const more = values.length > shown.length ? ` and ${values.length - shown.length} more` : ''
    return `${who} has no role here: ${claim} is ${shown.join(', ')}${more}`
  }
}

/** A refusal of somebody who is who they say; `user` is their name here, if they have one. */
class Refusal extends CoreError {
  readonly user: string | undefined

  constructor(code: 'NO_ROLE' | 'USER_DISABLED', user: string | undefined, message: string, options: { hint: string }) {
    super(code, message, options)
    this.user = user
  }
}

/** What somebody with these values of the claim may do; undefined when nothing. */
export function rightsOf(values: readonly string[], roles: readonly OidcRole[]): Rights | undefined {
  const found = roles.find(({ value }) => values.includes(value))
  return found && { role: found.role, scope: found.scope ?? null }
}

/** A name fit for events, logs and terminals. */
function plainName(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[^a-z0-9._@-]/g, '_')
    .slice(0, 64)
}

function line({ action = 'POST /login', ...from }: LoginOrigin): LoginOrigin & { action: string } {
  return { ...from, action }
}
