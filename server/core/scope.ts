// Which machines somebody may see and change, by their labels.
import type { Scope } from '../contract/access.ts'
import type { Labels } from '../contract/common.ts'
import { CoreError } from './errors.ts'

/** Whether a machine with these labels is within. */
export function isWithin(labels: Labels, scope: Scope | null): boolean {
  return scope === null || Object.entries(scope).every(([key, value]) => labels[key] === value)
}

/** Throws OUT_OF_SCOPE where a machine would leave the scope of whoever labels it, or be made outside. */
export function requireWithin(labels: Labels, scope: Scope | null): void {
  if (isWithin(labels, scope)) return
  const wanted = Object.entries(scope!).map(([key, value]) => `${key}=${value}`)
  throw new CoreError('OUT_OF_SCOPE', `the machine would be beyond your reach without ${wanted.join(', ')}`, {
    hint: 'keep these labels as they are, or ask somebody whose scope is wider',
  })
}
