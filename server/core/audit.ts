// The audit trail: written once per act of a person or program, never changed or cut.
import type { Role } from '../contract/access.ts'
import type { AuditEntry, AuditFilter } from '../contract/audit.ts'
import { timestamp } from './clock.ts'
import type { Clock } from './clock.ts'
import { unlessStoreFails } from './errors.ts'

export interface AuditStore {
  append(entry: Omit<AuditEntry, 'seq'>): void
  /** Entries with a lower number than `before`, newest first. */
  before(before: number, limit: number, filter: AuditFilter): AuditEntry[]
}

/** An act, to be written down; what is absent is empty. */
export interface Act extends Pick<AuditEntry, 'actor' | 'action' | 'result'> {
  role?: Role
  address?: string | undefined
  target?: string
  detail?: string | undefined
  code?: string | undefined
  requestId?: string | undefined
}

/** A caller may write long names and paths; the trail keeps the beginning. */
const MAX_TEXT = 2000

export class AuditLog {
  readonly #ports: { audit: AuditStore; clock: Clock }

  constructor(ports: { audit: AuditStore; clock: Clock }) {
    this.#ports = ports
  }

  /**
   * Writes an act down, durable when this returns. With a full or failing disk it is left out: what would change something fails by itself
   * then, and reading goes on. Never give it a secret.
   */
  record({ role, address, target = '', detail = '', code, requestId, ...act }: Act): void {
    const { audit, clock } = this.#ports
    unlessStoreFails(() =>
      audit.append({
        at: timestamp(clock),
        actor: act.actor.slice(0, MAX_TEXT),
        role: role ?? null,
        address: address ?? null,
        action: act.action,
        target: target.slice(0, MAX_TEXT),
        detail: detail.slice(0, MAX_TEXT),
        result: act.result,
        code: code ?? null,
        requestId: requestId ?? null,
      }),
    )
  }

  /** The newest entries before the number `before` (by default: of all), newest first. */
  recent({
    before = Number.MAX_SAFE_INTEGER,
    limit,
    ...filter
  }: AuditFilter & { before?: number | undefined; limit: number }): AuditEntry[] {
    return this.#ports.audit.before(before, limit, filter)
  }
}
