// A merged spec as rows of a table.

import { formatMemory } from '../../ui/format.ts'
import type { MachineSpec, SpecOrigins } from '../../../../server/contract/spec.ts'

export interface SpecRow {
  /** `disks.filesystem` */
  path: string
  value: string
  /** `machine`, `default` or `profile:<name>`. */
  origin: string
}

/** One row per value, in the spec's own order; what is empty by default is left out. */
export function specRows(spec: MachineSpec, origins: SpecOrigins): SpecRow[] {
  return leaves(spec, '').flatMap(([path, value]) => {
    const origin = originOf(path, origins)
    return origin === 'default' && value === '' ? [] : [{ path, value, origin }]
  })
}

function leaves(node: object, prefix: string): [path: string, value: string][] {
  return Object.entries(node).flatMap(([key, value]): [string, string][] => {
    const path = prefix === '' ? key : `${prefix}.${key}`
    if (value === undefined) return []
    if (Array.isArray(value)) return [[path, value.map((item) => textOf(item)).join(', ')]]
    if (typeof value === 'number') return [[path, formatMemory(value)]]
    if (typeof value !== 'object') return [[path, String(value)]]
    const inner = leaves(value as object, path)
    return inner.length > 0 ? inner : [[path, path === 'disks.disk' ? 'the only usable disk' : '']]
  })
}

/** Of lists of objects, such as users and files, the name or path is what people look for. */
function textOf(item: unknown): string {
  if (typeof item === 'object' && item !== null && 'name' in item) return String(item.name)
  if (typeof item === 'object' && item !== null && 'path' in item) return String(item.path)
  return typeof item === 'object' ? JSON.stringify(item) : String(item)
}

/** An origin may be told for a value itself or for what it lies in. */
function originOf(path: string, origins: SpecOrigins): string {
  const parts = path.split('.')
  for (let length = parts.length; length > 0; length--) {
    const origin = origins[parts.slice(0, length).join('.')]
    if (origin !== undefined) return origin
  }
  return 'default'
}
