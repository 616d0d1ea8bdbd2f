import { expect, it } from 'vitest'
import { publicRepositories } from '../../../server/oci/public-repositories.ts'
import { Upstreams } from '../../../server/oci/upstreams.ts'

const common = { mirrors: [], insecure: false }
const upstreams = new Upstreams([
  { ...common, registry: 'quay.example', prefix: 'quay' },
  { ...common, registry: 'corp.example', prefix: 'corp', credentials: { username: 'site', password: 'secret' } },
])

it.each([
  ['its own, by the default', ['**'], 'os/web', true],
  ['its own, of others than those named', ['os/*'], 'team/web', false],
  ['of a registry open to all, by the default', ['**'], 'quay/os/web', true],
  ['of a registry that wants a login, by the default', ['**'], 'corp/os/web', false],
  ['of a registry that wants a login, named', ['**', 'corp/os/*'], 'corp/os/web', true],
  ['of a registry that wants a login, beside those named', ['corp/os/*'], 'corp/team/web', false],
])('a repository %s', (_, patterns, repository, isPublic) => {
  expect(publicRepositories(patterns, upstreams)(repository)).toBe(isPublic)
})
