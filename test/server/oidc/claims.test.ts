import { describe, expect, it } from 'vitest'
import { claimValues, shownName } from '../../../server/oidc/claims.ts'

describe('a claim', () => {
  it.each([
    ['a list', { groups: ['a', 'b', 1, null] }, 'groups', ['a', 'b']],
    ['a text', { groups: 'a' }, 'groups', ['a']],
    ['a part', { realm_access: { roles: ['a'] } }, 'realm_access.roles', ['a']],
    ['a name with dots', { 'https://x.test/roles': ['a'] }, 'https://x.test/roles', ['a']],
    ['absent', {}, 'groups', []],
    ['of another kind', { groups: { a: true } }, 'groups', []],
    ['what every object has', {}, 'constructor.name', []],
  ])('that is %s', (_, claims, name, values) => {
    expect(claimValues(claims, name)).toEqual(values)
  })
})

describe('a name', () => {
  it('is what people use', () => {
    expect(shownName({ email: 'a@x.test', preferred_username: 'ann' }, '1')).toBe('ann')
    expect(shownName({ email: 'a@x.test', preferred_username: '' }, '1')).toBe('a@x.test')
    expect(shownName({ name: 7 }, '1')).toBe('1')
  })
})
