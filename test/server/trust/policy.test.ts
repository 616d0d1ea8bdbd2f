import { describe, expect, it } from 'vitest'
import type { TrustPolicy } from '../../../server/contract/trust.ts'
import { namesRepository, policyFor, signedAsProblem } from '../../../server/trust/policy.ts'

const accept = (pattern: string): TrustPolicy => ({ require: 'accept', pattern })

describe('the policy of a repository', () => {
  const policies = [accept('*'), accept('os/*'), accept('os/web'), accept('os/web/*')]

  it.each([
    ['os/web', 'os/web'],
    ['os/web/extra', 'os/web/*'],
    ['os/webserver', 'os/*'],
    ['os', '*'],
    ['osmium/web', '*'],
  ])('is the longest that fits: %s', (repository, pattern) => {
    expect(policyFor(policies, 'reject', repository).pattern).toBe(pattern)
    expect(policyFor(policies.toReversed(), 'reject', repository).pattern).toBe(pattern)
  })

  it('is the default when none fits', () => {
    expect(policyFor([accept('os/*')], 'reject', 'db')).toEqual({ require: 'reject', pattern: '*' })
  })
})

describe('the name in a signature', () => {
  it.each([
    ['registry.example/os/web', true],
    ['registry.example:5000/os/web:stable', true],
    ['other.example/os/web@sha256:abc', true],
    ['os/web:1', true],
    ['registry.example/os/web2', false],
    ['registry.example/acme/os/web', false],
    ['registry.example/web', false],
    ['', false],
  ])('is by default the same path: %s', (reference, fits) => {
    expect(namesRepository({ pattern: 'os/*' }, reference, 'os/web')).toBe(fits)
  })

  it.each([
    ['os/*', 'quay.example/acme/*', 'quay.example/acme/web:1', true],
    ['os/*', 'quay.example/acme/*', 'quay.example/os/web', false],
    ['*', 'quay.example/*', 'quay.example/os/web', true],
    ['os/web', 'quay.example/acme/site', 'quay.example/acme/site:2', true],
    ['os/web', 'quay.example/acme/site', 'quay.example/acme/site2', false],
  ])('is what signedAs makes of it: %s as %s', (pattern, signedAs, reference, fits) => {
    expect(namesRepository({ pattern, signedAs }, reference, 'os/web')).toBe(fits)
  })
})

describe('signedAs', () => {
  it.each([
    ['os/*', 'quay.example/acme', /both end in/],
    ['os/web', 'quay.example/acme/*', /both end in/],
    ['os/web', 'quay.example/acme:1', /no repository/],
    ['os/web', '', /no repository/],
  ])('is refused where it cannot name each repository: %s as %s', (pattern, signedAs, message) => {
    expect(signedAsProblem(pattern, signedAs)).toMatch(message)
  })

  it('is taken with port and path', () => {
    expect(signedAsProblem('os/*', 'quay.example:5000/acme/*')).toBeUndefined()
  })
})
