// What becomes of a blueprint, gathered key by key.
import type { DiskImageTask } from '../contract/agent.ts'
import type { PartialSpec } from '../contract/spec.ts'

/** What the blueprint is applied to. */
export type BlueprintTarget = 'machine' | 'disk-image'

/** A key that the format knows and that has no effect here, and why. */
export interface NotApplied {
  /** `customizations.user[0].uid` */
  key: string
  reason: string
}

export interface AppliedBlueprint {
  spec: PartialSpec
  /** Of a disk image, besides what the spec says. */
  files: DiskImageTask['files']
  /** Bytes that root and the whole disk shall at least have; for disk images. */
  minRootSize: number
  minDiskSize: number
  notApplied: NotApplied[]
}

export class Outcome {
  readonly target: BlueprintTarget
  readonly spec: PartialSpec = {}
  readonly files: DiskImageTask['files'] = []
  readonly notApplied: NotApplied[] = []
  minRootSize = 0
  minDiskSize = 0
  /** Keys by the path in the spec that they set, as contract/agent-limits.ts names those. */
  readonly #origins = new Map<string, string[]>()

  constructor(target: BlueprintTarget) {
    this.target = target
  }

  skip(key: string, reason: string): void {
    this.notApplied.push({ key, reason })
  }

  /** Skips each of these fields that the value has. */
  skipAll<T extends object>(key: string, value: T, fields: readonly (keyof T & string)[], reason: string): void {
    for (const field of fields) if (value[field] !== undefined) this.skip(`${key}.${field}`, reason)
  }

  /** Notes that `key` has set the spec's value at `path`. */
  set(path: string, key: string): void {
    this.#origins.set(path, [...(this.#origins.get(path) ?? []), key])
  }

  /** Takes the spec's value at `path` out again: the keys that set it are not applied. */
  withdraw(path: string, reason: string): void {
    const [group = '', part] = path.split('.')
    const spec = this.spec as Record<string, Record<string, unknown> | undefined>
    const values = spec[group]
    if (part === undefined || values === undefined) delete spec[group]
    else delete values[part]
    if (values !== undefined && part !== undefined && Object.keys(values).length === 0) delete spec[group]
    for (const key of this.#origins.get(path) ?? []) this.skip(key, reason)
  }
}
