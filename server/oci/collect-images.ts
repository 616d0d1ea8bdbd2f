// `landfall image gc`: what nothing needs goes, then what has to go to get below the limit; and what would be next.
import type { GarbageReport } from '../contract/image-upkeep.ts'
import type { Evictor } from './eviction.ts'
import { keyOf } from './eviction-plan.ts'
import { collectGarbage } from './garbage.ts'
import type { GarbageOptions } from './garbage.ts'
import type { StoreQuota } from './quota.ts'

export interface CollectOptions extends GarbageOptions {
  quota: Pick<StoreQuota, 'limit'>
  evictor: Pick<Evictor, 'plan' | 'carryOut' | 'list'>
}

export async function collectImages({ quota, evictor, ...options }: CollectOptions): Promise<GarbageReport> {
  const { records, dryRun = false } = options
  const collected = await collectGarbage(options)
  const before = records.storedBytes() - (dryRun ? collected.bytes : 0)
  const plan = before > quota.limit ? evictor.plan(before - quota.limit) : undefined
  const all = evictor.list()
  if (!dryRun && plan) evictor.carryOut(plan)
  const evictions = plan?.images ?? []
  const gone = new Set([...evictions, ...collected.removed].map(keyOf))
  const evicted = new Set(evictions.map(keyOf))
  return {
    ...collected,
    evicted: all.filter((image) => evicted.has(keyOf(image))),
    maxBytes: Number.isFinite(quota.limit) ? quota.limit : null,
    storedBytes: Math.max(0, before - (plan?.bytes ?? 0)),
    images: all.filter((image) => !gone.has(keyOf(image))),
  }
}
