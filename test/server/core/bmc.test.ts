import { describe, expect, it } from 'vitest'
import { Bmc } from '../../../server/contract/bmc.ts'
import { resolveBmc } from '../../../server/core/bmc.ts'
import { CoreError } from '../../../server/core/errors.ts'

const FORMER = { url: 'https://10.0.0.7', user: 'ann', password: 'secret' }
const PINNED = { ...FORMER, certificate: 'ab'.repeat(32) }
const { password: _, ...SHOWN } = FORMER

describe('a management controller', () => {
  it.each([
    ['https://10.0.0.7', 'https://10.0.0.7'],
    [' HTTPS://BMC-7.example:443/ ', 'https://bmc-7.example'],
    ['https://[FD00::7]:8443', 'https://[fd00::7]:8443'],
  ])('is at %s', (text, url) => {
    expect(Bmc.parse({ url: text, user: 'ann' }).url).toBe(url)
  })

  it.each([
    'http://10.0.0.7',
    'https://ann:secret@10.0.0.7',
    'https://10.0.0.7/redfish/v1',
    'https://10.0.0.7?x',
    'https://10.0.0.7#x',
    'https://10.0.0.7\\@evil.example',
    'https://',
    'https://10.0.0.7:99999',
    '10.0.0.7',
  ])('is not at %s', (url) => {
    expect(Bmc.safeParse({ url, user: 'ann' }).success).toBe(false)
  })

  it('has its fingerprint as openssl prints it, or not', () => {
    const certificate = Array.from({ length: 32 }, () => 'AB').join(':')
    expect(Bmc.parse({ ...SHOWN, certificate }).certificate).toBe(PINNED.certificate)
    expect(Bmc.safeParse({ ...SHOWN, certificate: 'ab' }).success).toBe(false)
  })

  it('keeps its password and certificate when they do not come again', () => {
    expect(resolveBmc(SHOWN, PINNED)).toEqual(PINNED)
    expect(resolveBmc({ ...SHOWN, user: 'bob' }, PINNED)).toEqual({ ...PINNED, user: 'bob' })
  })

  it('may have a certificate confirmed without the password', () => {
    expect(resolveBmc({ ...SHOWN, certificate: PINNED.certificate }, FORMER)).toEqual(PINNED)
  })

  it.each([
    ['another address', { url: 'https://10.0.0.8', user: 'ann' }],
    ['another port', { url: 'https://10.0.0.7:8443', user: 'ann' }],
    ['another certificate', { ...SHOWN, certificate: 'cd'.repeat(32) }],
  ])('does not take its password along to %s', (_what, given) => {
    expect(() => resolveBmc(given, PINNED)).toThrowWithCode(CoreError, 'VALIDATION')
    expect(resolveBmc({ ...given, password: 'new' }, PINNED)).toMatchObject({ password: 'new' })
  })

  it('does not take its certificate along to another address', () => {
    const given = { url: 'https://10.0.0.8', user: 'ann', password: 'new' }
    expect(resolveBmc(given, PINNED)).toEqual(given)
  })

  it('needs a password at first, and can go', () => {
    expect(() => resolveBmc(SHOWN, null)).toThrowWithCode(CoreError, 'VALIDATION')
    expect(resolveBmc(null, PINNED)).toBeNull()
  })
})
