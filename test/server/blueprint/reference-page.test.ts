// The reference page names every key of the format, and none that it has not.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { Blueprint } from '../../../server/blueprint/schema.ts'

interface JsonSchema {
  items?: JsonSchema
  properties?: Record<string, JsonSchema>
}

/** `customizations.user[].groups[]`: every key that holds a value. */
function* keysOf({ items, properties }: JsonSchema, path = ''): Generator<string> {
  if (items) yield* keysOf(items, `${path}[]`)
  else if (!properties) yield path
  else for (const [key, value] of Object.entries(properties)) yield* keysOf(value, path ? `${path}.${key}` : key)
}

/** The code in the first cells of a section's table: `user[].{name, key}` stands for two keys. */
function* keysOfPage(section: string, prefix: string): Generator<string> {
  for (const [, cell] of section.matchAll(/^\| (`.*?`[^|]*)\|/gm)) {
    for (const [, code] of cell!.matchAll(/`([^`]*[\w\]}])`/g)) {
      const [, base = '', list] = /^(.*?)\{(.*)\}$/.exec(code!) ?? []
      if (list === undefined) yield prefix + code!
      else for (const key of list.split(', ')) yield prefix + base + key
    }
  }
}

describe('docs/reference/blueprint.md', () => {
  it('names exactly the keys there are', () => {
    const [, top = '', customizations = '', disk = ''] = readFileSync('docs/reference/blueprint.md', 'utf8').split(
      /^## /m,
    )
    const named = [
      ...keysOfPage(top, ''),
      ...keysOfPage(customizations, 'customizations.'),
      ...keysOfPage(disk, 'customizations.disk.'),
    ]
    const known = keysOf(z.toJSONSchema(Blueprint, { io: 'input', unrepresentable: 'any' }) as JsonSchema)
    // Paths behind a "for" are values, not keys.
    expect([...new Set(named.filter((key) => !key.includes('/')))].toSorted()).toEqual([...known].toSorted())
  })
})
