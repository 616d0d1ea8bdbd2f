// From profiles and a machine's own values to the one spec that counts, with the origin of each value.
import { Hostname } from '../contract/common.ts'
import type { Labels } from '../contract/common.ts'
import type { Profile } from '../contract/machine.ts'
import { MachineSpec, SPEC_GROUPS } from '../contract/spec.ts'
import type { PartialSpec, SpecOrigins } from '../contract/spec.ts'

/** What merging asks of a profile. */
export type MergedProfile = Pick<Profile, 'name' | 'selector' | 'priority' | 'spec'>

export interface MergedSpec {
  spec: MachineSpec
  origins: SpecOrigins
  /** Names of the profiles that apply, strongest first. */
  profiles: string[]
}

/**
 * Merges by value: what the machine sets wins over every profile, a profile of higher priority over a lower one, the first by name
 * among equals. Lists and the disk selector are replaced as a whole, never mixed: half of a profile's selector and half of a
 * machine's would name a disk that nobody meant. Without a host name the machine's name serves, if it can be one.
 */
export function mergeSpec(
  machine: { name: string; labels: Labels; ownSpec: PartialSpec },
  profiles: readonly MergedProfile[],
): MergedSpec {
  const applying = profiles.filter(({ selector }) => matchesLabels(selector, machine.labels)).sort(strongestFirst)
  const layers: { origin: string; spec: PartialSpec }[] = [
    ...applying.toReversed().map(({ name, spec }) => ({ origin: `profile:${name}`, spec })),
    { origin: 'machine', spec: machine.ownSpec },
  ]
  const values = new Map<string, unknown>()
  const origins: SpecOrigins = {}
  for (const { origin, spec } of layers) {
    for (const [path, value] of valuesOf(spec)) {
      values.set(path, value)
      origins[path] = origin
    }
  }
  if (!values.has('hostname') && Hostname.safeParse(machine.name).success) values.set('hostname', machine.name)

  const spec = MachineSpec.parse(fromValues(values))
  for (const [path] of valuesOf(spec)) origins[path] ??= 'default'
  return { spec, origins, profiles: applying.map(({ name }) => name) }
}

/** One value of the merged spec, without the work of merging: for lists of thousands. */
export function wantedValue(
  machine: { labels: Labels; ownSpec: PartialSpec },
  profiles: readonly MergedProfile[],
  valueOf: (spec: PartialSpec) => string | undefined,
): string | undefined {
  const own = valueOf(machine.ownSpec)
  if (own !== undefined) return own
  const naming = profiles.filter(
    ({ selector, spec }) => valueOf(spec) !== undefined && matchesLabels(selector, machine.labels),
  )
  const [strongest] = naming.sort(strongestFirst)
  return strongest && valueOf(strongest.spec)
}

/** Lays one partial spec over another, by the same rules as {@link mergeSpec}. */
export function overlaySpec(below: PartialSpec, above: PartialSpec): PartialSpec {
  return fromValues(new Map([...valuesOf(below), ...valuesOf(above)]))
}

/** True if the labels hold every pair of the selector. */
export function matchesLabels(selector: Labels, labels: Labels): boolean {
  return Object.entries(selector).every(([key, value]) => Object.hasOwn(labels, key) && labels[key] === value)
}

function strongestFirst(a: MergedProfile, b: MergedProfile): number {
  return b.priority - a.priority || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)
}

/** A spec as dotted paths: of a group each value by itself. */
function* valuesOf(spec: PartialSpec): Generator<[path: string, value: unknown]> {
  for (const [key, value] of Object.entries(spec)) {
    if (value === undefined) continue
    if (!isGroup(key)) yield [key, value]
    else for (const [part, inner] of Object.entries(value)) if (inner !== undefined) yield [`${key}.${part}`, inner]
  }
}

function fromValues(values: ReadonlyMap<string, unknown>): PartialSpec {
  const spec: Record<string, unknown> = {}
  for (const [path, value] of values) {
    const [key = '', part] = path.split('.')
    spec[key] = part === undefined ? value : { ...(spec[key] as object | undefined), [part]: value }
  }
  return spec
}

function isGroup(key: string): boolean {
  return (SPEC_GROUPS as readonly string[]).includes(key)
}
