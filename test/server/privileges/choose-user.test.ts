import { describe, expect, it } from 'vitest'
import type { Account } from '../../../server/host/accounts.ts'
import { assertUser, chooseUser } from '../../../server/privileges/choose-user.ts'

const LANDFALL = { name: 'landfall', uid: 990, gid: 990 }
const ALICE = { name: 'alice', uid: 1000, gid: 100 }
const ROOT = { name: 'root', uid: 0, gid: 0 }

function finder(...accounts: Account[]) {
  return (key: string | number) => accounts.find(({ name, uid }) => name === key || String(uid) === String(key))
}
const find = finder(ROOT, ALICE, LANDFALL)

describe('chooseUser', () => {
  it.each([
    ['who is named', { wanted: 'alice', owner: LANDFALL, find }, ALICE],
    ['who is named by number', { wanted: '1000', owner: undefined, find }, ALICE],
    ['the owner of the data folder', { wanted: undefined, owner: ALICE, find }, ALICE],
    ['an owner without a name', { wanted: undefined, owner: { uid: 7, gid: 8 }, find }, { name: '7', uid: 7, gid: 8 }],
    ['the service user for data of root', { wanted: undefined, owner: ROOT, find }, LANDFALL],
    ['the service user without data', { wanted: undefined, owner: undefined, find }, LANDFALL],
    ['root where there is no service user', { wanted: undefined, owner: ROOT, find: finder(ROOT) }, undefined],
    ['root where that is wanted', { wanted: 'root', owner: ALICE, find }, undefined],
  ])('%s', (_, question, expected) => {
    expect(chooseUser(question)).toEqual(expected)
  })

  it('refuses a user who does not exist, and says how to make one', () => {
    expect(() => chooseUser({ wanted: 'bob', owner: undefined, find })).toThrow(
      expect.objectContaining({ code: 'USER_UNKNOWN', hint: expect.stringContaining('useradd --system') }),
    )
  })
})

describe('assertUser', () => {
  it.each([
    ['root, who changes', 'alice', 0],
    ['nobody named', undefined, 1000],
    ['the one who is named', 'alice', 1000],
    ['root named, who would not change either', 'root', 1000],
  ])('takes %s', (_, wanted, uid) => {
    expect(() => assertUser({ wanted, uid, find })).not.toThrow()
  })

  it('refuses to serve as somebody else than was named', () => {
    const question = { wanted: 'landfall', uid: 1000, find }
    expect(() => assertUser(question)).toThrow(expect.objectContaining({ code: 'NOT_ROOT' }))
  })
})
