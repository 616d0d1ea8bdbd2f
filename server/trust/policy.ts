// Which policy a repository has, and what its signatures have to call it.
import type { SigningPolicy, TrustPolicy } from '../contract/trust.ts'
import { repositoryOf } from '../oci/reference.ts'

/** The policy whose pattern fits and is longest; `fallback` when none fits. A repository's own name is longer than any pattern for it. */
export function policyFor(
  policies: readonly TrustPolicy[],
  fallback: 'accept' | 'reject',
  repository: string,
): TrustPolicy {
  const fitting = policies.filter(({ pattern }) => fits(pattern, repository))
  const [longest] = fitting.toSorted((a, b) => b.pattern.length - a.pattern.length)
  return longest ?? { require: fallback, pattern: '*' }
}

function fits(pattern: string, repository: string): boolean {
  return pattern.endsWith('*') ? repository.startsWith(pattern.slice(0, -1)) : pattern === repository
}

/** A problem with the pair as a sentence; undefined when `signedAs` can say for each repository of the pattern what it is called. */
export function signedAsProblem(pattern: string, signedAs: string): string | undefined {
  if (!/^[^/\s@*]+(\/[^\s@*:]+)*(\/\*)?$/.test(signedAs))
    return `${signedAs} is no repository like registry.example/os/web`
  if (pattern.endsWith('*') === signedAs.endsWith('/*')) return undefined
  return `${signedAs} and ${pattern} must both end in * or neither`
}

/** Whether a signature that names `reference` is one for this repository. */
export function namesRepository(
  { pattern, signedAs }: Pick<SigningPolicy, 'pattern' | 'signedAs'>,
  reference: string,
  repository: string,
): boolean {
  const name = repositoryOf(reference)
  if (signedAs === undefined) return name === repository || name.slice(name.indexOf('/') + 1) === repository
  if (!pattern.endsWith('*')) return name === signedAs
  return name === signedAs.slice(0, -1) + repository.slice(pattern.length - 1)
}
