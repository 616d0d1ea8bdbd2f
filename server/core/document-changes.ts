// What a document changes, value by value, for people to look at.
import type { Change } from '../contract/document.ts'
import type { PartialSpec } from '../contract/spec.ts'
import { maskBmc } from './bmc.ts'
import type { BmcAccess } from './bmc.ts'
import { maskSecrets } from './spec-secrets.ts'

/** A machine or profile as documents know it, secrets as they are. */
export interface Documented {
  spec: PartialSpec
  /** Of a machine that has one. */
  bmc?: BmcAccess
  [field: string]: unknown
}

/** A file's content needs no more to be recognised. */
const MAX_TEXT = 200
/** List and group. */
const EMPTY: readonly unknown[] = ['[]', '{}']

/** In the order of the new values, what is gone last. A secret that changes shows as a mask on both sides. */
export function changesBetween(before: Documented | undefined, after: Documented): Change[] {
  const [was, becomes] = [leavesOf(before), leavesOf(after)]
  const [wasShown, becomesShown] = [leavesOf(shown(before)), leavesOf(shown(after))]
  return [...new Set([...becomes.keys(), ...was.keys()])]
    .filter((path) => was.get(path) !== becomes.get(path) && !isFilledOrEmptied(path, was, becomes))
    .map((path) => ({
      path,
      ...(wasShown.has(path) && { before: short(wasShown.get(path)) }),
      ...(becomesShown.has(path) && { after: short(becomesShown.get(path)) }),
    }))
}

/** An empty group or list that has members before or afterwards: these say all. */
function isFilledOrEmptied(path: string, ...sides: ReadonlyMap<string, unknown>[]): boolean {
  if (!sides.some((leaves) => EMPTY.includes(leaves.get(path)))) return false
  return sides.some((leaves) => leaves.keys().some((other) => other.startsWith(`${path}.`)))
}

function shown(documented: Documented | undefined): Documented | undefined {
  if (documented === undefined) return undefined
  const { spec, bmc } = documented
  return { ...documented, spec: maskSecrets(spec), ...(bmc && { bmc: maskBmc(bmc) }) }
}

/** Every value by its dotted path, empty lists and groups among them as they are written. */
function leavesOf(value: unknown, path = '', leaves = new Map<string, unknown>()): Map<string, unknown> {
  if (value === undefined) return leaves
  if (typeof value !== 'object' || value === null) return leaves.set(path, value)
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined)
  if (entries.length === 0 && path !== '') return leaves.set(path, EMPTY[Array.isArray(value) ? 0 : 1])
  for (const [key, inner] of entries) leavesOf(inner, path === '' ? key : `${path}.${key}`, leaves)
  return leaves
}

function short(value: unknown): unknown {
  if (typeof value !== 'string' || value.length <= MAX_TEXT) return value
  return `${value.slice(0, MAX_TEXT)}… (${value.length} characters)`
}
