// Every endpoint of the OCI distribution specification 1.1 has its tests, which name it in their titles: `end-5: ...`.
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, it } from 'vitest'

const TESTS = resolve(import.meta.dirname, '../server/oci/registry')

/** As the specification's table "Endpoints" numbers them. */
const ENDPOINTS = [1, 2, 3, '4a', '4b', '4c', 5, 6, '7a', '7b', '8a', '8b', 9, 10, 11, '12a', '12b', 13, 14]

const titles = readdirSync(TESTS)
  .filter((name) => name.endsWith('.test.ts'))
  .flatMap((name) => [...readFileSync(join(TESTS, name), 'utf8').matchAll(/'((?:end-\w+, )*end-\w+): /g)])
  .flatMap((match) => match[1]!.split(', '))

it.each(ENDPOINTS)('end-%s has a test', (endpoint) => {
  expect(titles).toContain(`end-${endpoint}`)
})
