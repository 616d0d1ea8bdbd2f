// How SQLite goes about what is asked again and again of a long history: what reads it all takes a second of everybody's time.
import BetterSqlite3 from 'better-sqlite3'
import { describe, expect, it, vi } from 'vitest'
import { migrations } from '../../../server/store/migrations/index.ts'
import { openStore } from '../../../server/store/store.ts'
import type { Store } from '../../../server/store/store.ts'

const SCOPE = { rack: 'r1' }
const SINCE = '2026-01-31T12:00:00.000Z'

/** What SQLite would do for each statement of the work, as EXPLAIN QUERY PLAN says it. */
function plansOf(work: (store: Store) => unknown): string[] {
  const store = openStore(':memory:')
  const prepare = vi.spyOn(BetterSqlite3.prototype, 'prepare')
  try {
    work(store)
    const sqlite = new BetterSqlite3(':memory:')
    for (const migration of migrations) sqlite.exec(migration)
    const statements = prepare.mock.calls.map(([sql]) => sql)
    return statements.flatMap((sql) => {
      const unbound = sql.replaceAll('?', 'NULL')
      const rows = sqlite.prepare(`EXPLAIN QUERY PLAN ${unbound}`).all() as { detail: string }[]
      return rows.map(({ detail }) => detail)
    })
  } finally {
    prepare.mockRestore()
    store.close()
  }
}

describe('reads', () => {
  it.each<[what: string, work: (store: Store) => unknown, way: string]>([
    [
      'events of types by the index of types',
      ({ events }) => events.after(0, 9, { types: ['install.failed', 'install.succeeded'] }),
      'SEARCH events USING COVERING INDEX events_by_type (type=? AND rowid>?)',
    ],
    [
      'the newest of a type within a scope by the index of types',
      ({ events }) => events.before(9, 9, { types: ['install.failed'], scope: SCOPE }),
      'SEARCH events USING INDEX events_by_type (type=? AND rowid<?)',
    ],
    [
      'what happened within a scope in the order of the log',
      ({ events }) => events.after(9, 9, { scope: SCOPE }),
      'SEARCH events USING INTEGER PRIMARY KEY (rowid>?)',
    ],
    [
      'types of one machine by the index of machines',
      ({ events }) => events.after(9, 9, { machineId: 'm', types: ['install.failed'] }),
      'SEARCH events USING INDEX events_by_machine (machine_id=? AND seq>?)',
    ],
    [
      'the MACs of some machines by the index of machines',
      ({ machines }) => machines.macs(['m']),
      'SEARCH identities USING COVERING INDEX identities_by_machine (machine_id=?)',
    ],
    [
      'refused acts by their index',
      ({ audit }) => audit.before(9, 9, { result: 'refused' }),
      'SEARCH audit USING INDEX audit_not_done (result=? AND rowid<?)',
    ],
    [
      'what changed within a scope by time',
      ({ overview }) => overview.changed(SCOPE, SINCE),
      'SEARCH installs USING INDEX installs_by_creation (created_at>?)',
    ],
    [
      'racks by the index of lists',
      ({ overview }) => overview.groups(null, 'rack'),
      'SCAN machines USING COVERING INDEX machines_listed',
    ],
  ])('%s', (_, work, way) => {
    expect(plansOf(work)).toContain(way)
  })
})
