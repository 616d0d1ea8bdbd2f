import { describe, expect, it } from 'vitest'
import { CoreError } from '../../../server/core/errors.ts'
import { PasswordHasher } from '../../../server/core/passwords.ts'

const cheap = { cost: { ln: 1, r: 1, p: 1 } }

describe('a kept password', () => {
  it('tells the right one, however its letters were typed', async () => {
    const passwords = new PasswordHasher(cheap)
    const kept = await passwords.hash('schön geheim')
    expect(kept).toMatch(/^\$scrypt\$ln=1,r=1,p=1\$[\w-]{22}\$[\w-]{43}$/)
    expect(await passwords.verify('scho\u0308n geheim', kept)).toBe(true)
    expect(await passwords.verify('schon geheim', kept)).toBe(false)
    expect(await passwords.hash('schön geheim')).not.toBe(kept)
  })

  it('keeps its own cost when the cost of new ones changes', async () => {
    const kept = await new PasswordHasher(cheap).hash('x')
    expect(await new PasswordHasher({ cost: { ln: 2, r: 2, p: 2 } }).verify('x', kept)).toBe(true)
  })

  it('costs as much as it should by default', async () => {
    expect(await new PasswordHasher().hash('x')).toMatch(/^\$scrypt\$ln=15,r=8,p=3\$/)
  })

  it('is none for somebody who is not there', async () => {
    expect(await new PasswordHasher(cheap).verify('', undefined)).toBe(false)
  })
})

it('refuses what would wait too long', async () => {
  const passwords = new PasswordHasher({ cost: { ln: 10, r: 8, p: 1 } })
  const results = await Promise.allSettled(Array.from({ length: 30 }, () => passwords.verify('x', undefined)))
  const refused = results.filter(({ status }) => status === 'rejected')
  expect(refused).toHaveLength(10)
  expect(() => {
    throw (refused[0] as PromiseRejectedResult).reason
  }).toThrowWithCode(CoreError, 'TOO_MANY_ATTEMPTS')
  expect(await passwords.verify('x', undefined)).toBe(false)
})
