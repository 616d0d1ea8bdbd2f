import BetterSqlite3 from 'better-sqlite3'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { AuditEntry } from '../../../server/contract/audit.ts'
import { auditExport } from '../../../server/http/api/audit-export.ts'
import { testCore } from '../../helpers/store-fakes.ts'
import type { TestCore } from '../../helpers/store-fakes.ts'

let core: TestCore
beforeEach(() => {
  core = testCore()
  const at = { address: '192.0.2.7', requestId: 'r-1' }
  core.audit.record({
    ...at,
    actor: 'user:ann',
    role: 'admin',
    action: 'POST /users',
    target: '/users',
    detail: 'user bob',
    result: 'done',
  })
  core.clock.advance(60_000)
  core.audit.record({
    ...at,
    actor: 'user:bob',
    role: 'viewer',
    action: 'DELETE /machines/{id}',
    target: '/machines/1',
    result: 'refused',
    code: 'FORBIDDEN',
  })
  core.clock.advance(60_000)
  core.audit.record({
    actor: 'anonymous',
    action: 'POST /login',
    target: '=cmd()',
    detail: 'a "b", c',
    result: 'refused',
  })
})

describe('the audit trail', () => {
  it.each([
    [{}, ['anonymous', 'user:bob', 'user:ann']],
    [{ actor: 'user:bob' }, ['user:bob']],
    [{ action: 'delete' }, ['user:bob']],
    [{ target: 'BOB' }, ['user:ann']],
    [{ target: '=CMD(' }, ['anonymous']],
    [{ target: '%' }, []],
    [{ target: '_' }, []],
    [{ target: '\\' }, []],
    [{ result: 'done' as const }, ['user:ann']],
    [{ result: 'failed' as const }, []],
    [{ result: 'refused' as const }, ['anonymous', 'user:bob']],
    [{ since: '2026-01-31T12:01:00.000Z', until: '2026-01-31T12:02:00.000Z' }, ['user:bob']],
    [{ before: 2 }, ['user:ann']],
  ])('filters by %j, newest first', (filter, actors) => {
    const found = core.audit.recent({ ...filter, limit: 10 })
    expect(found.map(({ actor }) => actor)).toEqual(actors)
    for (const entry of found) expect(AuditEntry.parse(entry)).toEqual(entry)
  })

  it('is exported whole, in lines and as a table that no spreadsheet computes', async () => {
    const text = (format: 'ndjson' | 'csv') => new Response(auditExport(core.audit, {}, format)).text()
    const lines = (await text('ndjson')).trimEnd().split('\n')
    expect(lines.map((line) => AuditEntry.parse(JSON.parse(line)).seq)).toEqual([3, 2, 1])
    expect((await text('csv')).split('\r\n')).toEqual([
      'seq,at,actor,role,address,action,target,detail,result,code,requestId',
      `3,2026-01-31T12:02:00.000Z,anonymous,,,POST /login,'=cmd(),"a ""b"", c",refused,,`,
      '2,2026-01-31T12:01:00.000Z,user:bob,viewer,192.0.2.7,DELETE /machines/{id},/machines/1,,refused,FORBIDDEN,r-1',
      '1,2026-01-31T12:00:00.000Z,user:ann,admin,192.0.2.7,POST /users,/users,user bob,done,,r-1',
      '',
    ])
  })

  it('is exported in pages', async () => {
    for (let i = 0; i < 1000; i++) core.audit.record({ actor: 'a', action: 'b', result: 'done' })
    const text = await new Response(auditExport(core.audit, {}, 'ndjson')).text()
    expect(text.trimEnd().split('\n')).toHaveLength(1003)
  })

  it('cannot be changed or cut in the database either', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'landfall-audit-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const file = join(folder, 'landfall.db')
    const { audit, store } = testCore({ file })
    audit.record({ actor: 'a', action: 'b', result: 'done' })
    store.close()
    const sqlite = new BetterSqlite3(file)
    onTestFinished(() => void sqlite.close())
    for (const change of ["UPDATE audit SET actor = 'x'", 'DELETE FROM audit']) {
      expect(() => sqlite.exec(change)).toThrow('the audit trail is append-only')
    }
  })
})
