import { expect, it } from 'vitest'
import { openStore } from '../../../server/store/store.ts'

const at = (minute: number) => `2026-01-31T12:0${minute}:00.000Z`

it('keeps the newest answers, within a number, a sum of bytes and a time', () => {
  const { answers, close } = openStore(':memory:')
  const kept = () => ['a', 'b', 'c', 'd'].filter((key) => answers.get(key))
  for (const [minute, key] of ['a', 'b', 'c', 'd'].entries()) {
    answers.set(key, { request: 'r', status: 200, body: 'ß'.repeat(50), at: at(minute) })
  }
  answers.trim(at(1), { answers: 9, bytes: 1000 })
  expect(kept()).toEqual(['b', 'c', 'd'])
  answers.trim(at(0), { answers: 9, bytes: 250 })
  expect(kept()).toEqual(['c', 'd'])
  answers.trim(at(0), { answers: 1, bytes: 1000 })
  expect(kept()).toEqual(['d'])
  // The one that was just given stays, however large it is.
  answers.trim(at(0), { answers: 9, bytes: 1 })
  expect(kept()).toEqual(['d'])
  close()
})
