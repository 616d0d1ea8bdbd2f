// Who may come in: install tokens of machines, sessions of their agents, and the tokens and sessions of people.
import type { ApiToken, CreatedToken, CreateToken, Role, Scope, Session } from '../contract/access.ts'
import { timestamp } from './clock.ts'
import type { Clock } from './clock.ts'
import { CoreError, unlessStoreFails } from './errors.ts'
import type { EventLog } from './events.ts'
import { uuidV7 } from './ids.ts'
import { hashSecret, newSecret } from './secrets.ts'
import type { TokenKind, TokenRecord, TokenStore } from './token-store.ts'
import type { Transactions } from './transactions.ts'
import type { UserRecord, UserStore } from './user-store.ts'

/** A person or program at the API. */
export interface Principal {
  /** Of the user or the API token; a session has that of who or what it was opened with. */
  name: string
  role: Role
  scope: Scope | null
  /** As events and audit trail name it: `user:<name>`, `token:<name>`. */
  actor: string
  /** Undefined for tokens, and for sessions opened with one. */
  userId: string | undefined
}

/** An agent at work in one machine. */
export interface AgentSession {
  machineId: string
  /** The start of the installer it runs in. */
  bootId: string
}

export interface InstallTokenClaims {
  /** Of the token: each start of the installer has one of its own. */
  id: string
  machineId: string
  generation: number
}

/** What an agent may pull. */
export interface PullTokenClaims {
  installId: string
  repository: string
}

export interface ConfirmTokenClaims {
  machineId: string
  installId: string
}

const HOUR = 60 * 60 * 1000
const DAY = 24 * HOUR
/** Long enough for a slow boot, a weekend is not. */
const INSTALL_TTL = DAY
/** Longer than an install takes; what ends before ends its token. */
const PULL_TTL = DAY
/** A deployed machine may be shipped before its first boot. */
const CONFIRM_TTL = 90 * DAY
const UI_TTL = 7 * DAY
const LOGIN_TTL = DAY
/** "Last used" is told to the minute: one write per request would be too many. */
const USED_PRECISION = 60 * 1000

export interface TokenPorts {
  tokens: TokenStore
  users: Pick<UserStore, 'get' | 'list'>
  events: EventLog
  transactions: Transactions
  clock: Clock
}

export class Tokens {
  readonly #ports: TokenPorts

  constructor(ports: TokenPorts) {
    this.#ports = ports
  }

  // --- machines

  /** A token for the boot script of a machine, good for 24 hours; earlier ones of the same generation stay good. */
  issueInstallToken(machineId: string, generation: number): string {
    const { tokens, transactions, clock } = this.#ports
    return transactions.transaction(() => {
      tokens.removeExpired(timestamp(clock))
      return this.#issue('install', { machineId, generation, ttl: INSTALL_TTL })
    })
  }

  /**
   * Whose install token it is. Throws TOKEN_INVALID, TOKEN_EXPIRED. A token of an older generation counts until a newer one was used or
   * an install succeeded: a machine may be assigned an image while its kernel is still loading, and shall not be turned away for it.
   */
  checkInstallToken(secret: string): InstallTokenClaims {
    const { id, machineId, generation } = this.#check(
      'install',
      secret,
      'reboot the machine: a new boot script has a new token',
    )
    return { id, machineId: machineId!, generation: generation! }
  }

  /** Whether this token lets in any machine, so that its identity has to say which it is. */
  isJoinToken(secret: string): boolean {
    const record = this.#live(secret)
    if (!isKind(record, 'api') || record.role !== 'join') return false
    this.#noteUse(record)
    return true
  }

  /** Opens the agent session of a machine and ends the one before. */
  openAgentSession(session: AgentSession): string {
    const { tokens, transactions } = this.#ports
    return transactions.transaction(() => {
      tokens.removeOf(session.machineId, 'agent')
      return this.#issue('agent', session)
    })
  }

  /** Throws TOKEN_INVALID. A session has no end in time: it ends with the next registration, or when the machine is deployed. */
  checkAgentSession(secret: string): AgentSession {
    const { machineId, bootId } = this.#check('agent', secret, 'register again')
    return { machineId: machineId!, bootId: bootId! }
  }

  /** The session a machine's agent has now. */
  agentSessionOf(machineId: string): AgentSession | undefined {
    const record = this.#ports.tokens.agentOf(machineId)
    return record && { machineId, bootId: record.bootId! }
  }

  /** A secret for the first-boot report of one install; earlier ones stay good. */
  issueConfirmToken(claims: ConfirmTokenClaims & { generation: number }): string {
    return this.#issue('confirm', { ...claims, ttl: CONFIRM_TTL })
  }

  /** Throws TOKEN_INVALID, TOKEN_EXPIRED. */
  checkConfirmToken(secret: string): ConfirmTokenClaims {
    const { machineId, installId } = this.#check('confirm', secret, 'install the machine again')
    return { machineId: machineId!, installId: installId! }
  }

  /** A secret to pull one repository with while the install lasts; it ends those of the machine before it. */
  issuePullToken({ machineId, installId, repository }: PullTokenClaims & { machineId: string }): string {
    this.#ports.tokens.removeOf(machineId, 'pull')
    return this.#issue('pull', { machineId, installId, name: repository, ttl: PULL_TTL })
  }

  /** What may be pulled with this secret; undefined when it is none, or has expired. Whether the install still runs is another question. */
  pullToken(secret: string): PullTokenClaims | undefined {
    const record = this.#live(secret)
    return isKind(record, 'pull') ? { installId: record.installId!, repository: record.name } : undefined
  }

  /** Ends install and confirm tokens of generations before this one. */
  endOlderGenerations(machineId: string, generation: number): void {
    this.#ports.tokens.removeOf(machineId, 'install', generation)
    this.#ports.tokens.removeOf(machineId, 'confirm', generation)
  }

  /** Ends what an installer could come back with; the confirm token stays, for an answer may have been lost. */
  endInstaller(machineId: string): void {
    this.#ports.tokens.removeOf(machineId, 'install')
    this.#ports.tokens.removeOf(machineId, 'agent')
    this.#ports.tokens.removeOf(machineId, 'pull')
  }

  // --- people and programs

  createApiToken(input: CreateToken, actor: string): CreatedToken {
    const { transactions, events, tokens } = this.#ports
    const { name, role, scope, expiresAt } = input
    return transactions.transaction(() => {
      if (tokens.list('api').some((token) => token.name === name)) {
        throw new CoreError('CONFLICT', `there is a token named ${name} already`, {
          hint: 'revoke it or take another name',
        })
      }
      const secret = this.#issue('api', { name, role, scope: scope ?? null, ...(expiresAt && { expiresAt }) })
      const token = toApiToken(this.#ports.tokens.byHash(hashSecret(secret))!)
      const message = `token ${name} with role ${role} was created`
      events.append({
        type: 'token.created',
        actor,
        message,
        data: { tokenId: token.id, name, role, scope: token.scope },
      })
      return { ...token, secret }
    })
  }

  listApiTokens(): ApiToken[] {
    return this.#ports.tokens.list('api').map(toApiToken)
  }

  /** Ends a token and the sessions opened with it. Throws TOKEN_NOT_FOUND. */
  revoke(id: string, actor: string): void {
    const { tokens, events, transactions } = this.#ports
    transactions.transaction(() => {
      const token = tokens.get(id)
      if (token?.kind !== 'api') throw new CoreError('TOKEN_NOT_FOUND', `there is no token ${id}`)
      tokens.remove(id)
      const message = `token ${token.name} was revoked`
      events.append({ type: 'token.revoked', actor, message, data: { tokenId: id, name: token.name } })
    })
  }

  /** True if some user, API token or session is still good, so that nobody needs a login secret. The token named `besides` does not count. */
  someoneCanLogIn(besides?: string): boolean {
    const { tokens, users } = this.#ports
    if (users.list().some(({ role, scope, disabledAt }) => role === 'admin' && scope === null && disabledAt === null))
      return true
    const usable = [...tokens.list('api'), ...tokens.list('ui')].filter((token) => !this.#isExpired(token))
    return usable.some(({ kind, name, role }) => kind === 'ui' || (name !== besides && role !== 'join'))
  }

  /** A secret for one login as admin within 24 hours; earlier ones end. */
  issueLoginSecret(): string {
    const { tokens, transactions } = this.#ports
    return transactions.transaction(() => {
      for (const { id } of tokens.list('login')) tokens.remove(id)
      return this.#issue('login', { name: 'admin', role: 'admin', ttl: LOGIN_TTL })
    })
  }

  /**
   * Opens a browser session with an API token or, that one time, with the login secret. Throws TOKEN_INVALID or TOKEN_EXPIRED and leaves
   * an event.
   */
  login(secret: string): { secret: string; session: Session } {
    const { tokens, events, transactions, clock } = this.#ports
    try {
      return transactions.transaction(() => {
        const record = this.#check(isKind(tokens.byHash(hashSecret(secret)), 'login') ? 'login' : 'api', secret)
        if (record.role === 'join') throw new CoreError('TOKEN_INVALID', 'a join token is for machines')
        if (record.kind === 'login') tokens.remove(record.id)
        const { name, role, scope } = record
        // A session outlives neither its own week nor the token it was opened with.
        const end = new Date(clock.now().getTime() + UI_TTL).toISOString()
        const expiresAt =
          record.kind === 'api' && record.expiresAt !== null && record.expiresAt < end ? record.expiresAt : end
        const parentId = record.kind === 'api' ? record.id : null
        const opened = this.#issue('ui', { name, role, scope, parentId, expiresAt })
        events.append({ type: 'login', actor: `token:${name}`, message: `${name} logged in`, data: { role } })
        return { secret: opened, session: this.sessionOf(opened)! }
      })
    } catch (error) {
      if (error instanceof CoreError && (error.code === 'TOKEN_INVALID' || error.code === 'TOKEN_EXPIRED')) {
        const message = `a login was refused: ${error.message}`
        unlessStoreFails(() => events.append({ type: 'login.refused', message }))
      }
      throw error
    }
  }

  /** Opens a browser session of a user who proved to be that. */
  openSession({ id: userId, name, role }: UserRecord): { secret: string; session: Session } {
    const { tokens, events, transactions, clock } = this.#ports
    return transactions.transaction(() => {
      tokens.removeExpired(timestamp(clock))
      const secret = this.#issue('ui', { name, role, userId, ttl: UI_TTL })
      events.append({ type: 'login', actor: `user:${name}`, message: `${name} logged in`, data: { role } })
      return { secret, session: this.sessionOf(secret)! }
    })
  }

  /** Ends a browser session, or all of whoever it belongs to; nothing happens if it has ended already. Tells who that was. */
  logout(secret: string, { everywhere = false }: { everywhere?: boolean } = {}): Principal | undefined {
    const { tokens } = this.#ports
    const record = tokens.byHash(hashSecret(secret))
    if (!isKind(record, 'ui')) return undefined
    if (everywhere && record.userId !== null) tokens.removeSessions({ userId: record.userId })
    if (everywhere && record.parentId !== null) tokens.removeSessions({ parentId: record.parentId })
    tokens.remove(record.id)
    return this.#principalOf(record)
  }

  /** Ends the browser sessions of a user, but for the one with this secret; tells how many. */
  endSessions(userId: string, { except }: { except?: string | undefined } = {}): number {
    return this.#ports.tokens.removeSessions({ userId }, except === undefined ? {} : { except: hashSecret(except) })
  }

  /** How many browser sessions users have, by their id. */
  sessionCounts(): Map<string, number> {
    return this.#ports.tokens.sessionCounts(timestamp(this.#ports.clock))
  }

  /** Who comes with this API token or session secret; undefined when nobody may. */
  authenticate(secret: string): Principal | undefined {
    const record = this.#live(secret)
    if (!isKind(record, 'api') && !isKind(record, 'ui')) return undefined
    const principal = this.#principalOf(record)
    if (principal) this.#noteUse(record)
    return principal
  }

  /** When a browser session ends; undefined when it has. */
  sessionOf(secret: string): Session | undefined {
    const record = this.#live(secret)
    if (!isKind(record, 'ui') || record.expiresAt === null) return undefined
    const principal = this.#principalOf(record)
    if (!principal) return undefined
    const { name, role, scope } = principal
    return { name, role, scope, by: this.#openedBy(record), expiresAt: record.expiresAt }
  }

  #issue(
    kind: TokenKind,
    claims: Partial<Omit<TokenRecord, 'id' | 'kind' | 'hash' | 'createdAt'>> & { ttl?: number },
  ): string {
    const { tokens, clock } = this.#ports
    const { ttl, ...rest } = claims
    const now = clock.now()
    const secret = newSecret(kind)
    tokens.insert({
      id: uuidV7(now),
      kind,
      hash: hashSecret(secret),
      name: '',
      role: null,
      machineId: null,
      installId: null,
      generation: null,
      bootId: null,
      parentId: null,
      userId: null,
      scope: null,
      createdAt: now.toISOString(),
      expiresAt: ttl === undefined ? null : new Date(now.getTime() + ttl).toISOString(),
      lastUsedAt: null,
      ...rest,
    })
    return secret
  }

  #check(kind: TokenKind, secret: string, hint?: string): TokenRecord {
    const record = this.#ports.tokens.byHash(hashSecret(secret))
    const options = hint === undefined ? {} : { hint }
    if (!isKind(record, kind)) throw new CoreError('TOKEN_INVALID', 'the token is unknown or was revoked', options)
    if (this.#isExpired(record))
      throw new CoreError('TOKEN_EXPIRED', `the token expired at ${record.expiresAt}`, options)
    this.#noteUse(record)
    return record
  }

  /** A session of a user may do what the user may now; undefined when that is nothing any more. */
  #principalOf({ name, role, scope, userId }: TokenRecord): Principal | undefined {
    if (userId === null) return { name, role: role!, scope, actor: `token:${name}`, userId: undefined }
    const user = this.#ports.users.get(userId)
    if (!user || user.disabledAt !== null) return undefined
    return principalOfUser(user)
  }

  #openedBy({ userId, parentId }: TokenRecord): Session['by'] {
    if (userId === null) return parentId === null ? 'link' : 'token'
    return this.#ports.users.get(userId)?.identity ? 'oidc' : 'user'
  }

  #live(secret: string): TokenRecord | undefined {
    const record = this.#ports.tokens.byHash(hashSecret(secret))
    return record && !this.#isExpired(record) ? record : undefined
  }

  #isExpired({ expiresAt }: TokenRecord): boolean {
    return expiresAt !== null && Date.parse(expiresAt) <= this.#ports.clock.now().getTime()
  }

  #noteUse({ id, lastUsedAt }: TokenRecord): void {
    const now = this.#ports.clock.now()
    const age = lastUsedAt === null ? Infinity : now.getTime() - Date.parse(lastUsedAt)
    if (age >= 0 && age < USED_PRECISION) return
    unlessStoreFails(() => this.#ports.tokens.touch(id, now.toISOString()))
  }
}

function isKind(record: TokenRecord | undefined, kind: TokenKind): record is TokenRecord {
  return record?.kind === kind
}

export function principalOfUser({ id, name, role, scope }: UserRecord): Principal {
  return { name, role, scope, actor: `user:${name}`, userId: id }
}

function toApiToken({ id, name, role, scope, createdAt, expiresAt, lastUsedAt }: TokenRecord): ApiToken {
  return { id, name, role: role!, scope, createdAt, expiresAt, lastUsedAt }
}
