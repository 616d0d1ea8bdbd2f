import { expect, it } from 'vitest'
import { matchesRepository } from '../../../server/oci/repository-pattern.ts'

it.each([
  ['**', 'os/web', true],
  ['os/web', 'os/web', true],
  ['os/web', 'os/website', false],
  ['os/*', 'os/web', true],
  ['os/*', 'os/web/blue', false],
  ['os/**', 'os/web/blue', true],
  ['os/web-*', 'os/web-1.2', true],
  ['os.web', 'osxweb', false],
])('%s and %s', (pattern, repository, want) => {
  expect(matchesRepository(pattern, repository)).toBe(want)
})
