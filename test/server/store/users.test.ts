import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { oidc as migration } from '../../../server/store/migrations/0017-oidc.ts'
import { copyInto, databaseBefore } from '../../helpers/old-database.ts'
import { testCore } from '../../helpers/store-fakes.ts'

it('keeps users with their passwords and sessions when users without one become possible', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'landfall-users-'))
  const [file, earlier] = [join(folder, 'today.db'), join(folder, 'earlier.db')]
  const today = testCore({ file })
  await today.users.create({ name: 'ann', password: 'correct horse', role: 'admin' }, { actor: 'a', userId: undefined })
  const { secret } = await today.logins.byPassword('ann', 'correct horse', { address: '192.0.2.7' })
  const before = today.users.list()
  today.store.close()
  const old = databaseBefore(migration, earlier)
  copyInto(old, file, ['users', 'tokens'])
  old.close()

  const { users, logins, tokens, store } = testCore({ file: earlier })
  expect(users.list()).toEqual(before)
  expect(tokens.sessionOf(secret)).toMatchObject({ name: 'ann', by: 'user' })
  await logins.byPassword('ANN', 'correct horse', { address: '192.0.2.7' })
  store.close()
})
