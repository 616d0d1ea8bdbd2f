import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { sha512Crypt } from '../../../server/blueprint/crypt.ts'

describe('sha512Crypt', () => {
  // Of the specification's own test vectors.
  it('hashes as crypt(3) does', () => {
    expect(sha512Crypt('Hello world!', 'saltstring')).toBe(
      '$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1',
    )
  })

  // By the length of the password and the salt, which steer what is hashed how often.
  it.each([
    ['x', 'a'],
    ['secret', 'abcdefgh'],
    ['pässwörd €', '0123456789./ABCD'],
    ['a'.repeat(63), 'y'],
    ['a'.repeat(64), 'yy'],
    ['a'.repeat(65), 'yyyyyyy'],
    ['$6$ : \\ "', 'zzzzzzzzzzzzzzzz'],
  ])('agrees with openssl on %j', (password, salt) => {
    const printed = execFileSync('openssl', ['passwd', '-6', '-salt', salt, '-stdin'], { input: `${password}\n` })
    expect(sha512Crypt(password, salt)).toBe(printed.toString().trim())
  })

  it('salts each hash anew', () => {
    const [one, other] = [sha512Crypt('secret'), sha512Crypt('secret')]
    expect(one).toMatch(/^\$6\$[./0-9A-Za-z]{16}\$[./0-9A-Za-z]{86}$/)
    expect(other).not.toBe(one)
    expect(sha512Crypt('secret', one.split('$')[2])).toBe(one)
  })
})
