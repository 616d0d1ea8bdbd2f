// What may go when room is wanted, as far as nobody needs it.
import { keyOf } from './eviction-plan.ts'
import type { EvictionRules } from './eviction-plan.ts'
import type { Upstreams } from './upstreams.ts'

/** `fetched`: repositories of other registries, and `followedBefore`, images that followed tags stood for. What was pushed may be here only. */
export function evictable(
  evict: 'none' | 'fetched' | 'all',
  upstreams: Pick<Upstreams, 'behind'>,
  followedBefore: ReadonlySet<string>,
): EvictionRules['mayGo'] {
  if (evict !== 'fetched') return () => evict === 'all'
  return (image) => upstreams.behind(image.repository) !== undefined || followedBefore.has(keyOf(image))
}
