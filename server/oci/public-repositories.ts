// Which repositories anybody may pull from.
import { matchesRepository } from './repository-pattern.ts'
import type { Upstreams } from './upstreams.ts'

/**
 * Those that a pattern matches. What lies below the prefix of a registry that wants a login is opened only by a pattern that names the prefix:
 * the password of the site must not become everybody's by a default.
 */
export function publicRepositories(
  patterns: readonly string[],
  upstreams: Pick<Upstreams, 'behind'>,
): (repository: string) => boolean {
  return (repository) => {
    const { credentials, prefix } = upstreams.behind(repository)?.upstream ?? {}
    const deciding =
      credentials === undefined ? patterns : patterns.filter((pattern) => pattern.startsWith(`${prefix}/`))
    return deciding.some((pattern) => matchesRepository(pattern, repository))
  }
}
