import { expect, it } from 'vitest'
import { Answers } from '../../../server/core/answers.ts'
import { SqliteAnswers } from '../../../server/store/answers.ts'
import { Database } from '../../../server/store/database.ts'
import { testClock } from '../../helpers/clock.ts'

it('keeps no answer longer than anybody may ask for it', async () => {
  const database = Database.open(':memory:')
  const clock = testClock()
  const answers = new Answers({ store: new SqliteAnswers(database), clock })
  const kept = () => database.all(database.query.selectFrom('answers').select('body')).map(({ body }) => body)
  const ask = (key: string) => answers.once({ key, body: '' }, async () => ({ status: 200, body: key }))
  await ask('first')
  clock.advance(25 * 3_600_000)
  await ask('second')
  expect(kept()).toEqual(['second'])
  database.close()
})
