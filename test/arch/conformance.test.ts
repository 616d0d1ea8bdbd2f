// What the project promises, number by number, and the tests that hold each promise: two pages of docs/reference.
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { netboot } from './netboot-promises.ts'
import { ostree } from './ostree-promises.ts'
import type { Promises } from './promises.ts'

const project = resolve(import.meta.dirname, '../..')

/** Files with tests of each promise, by number. */
function provers(noun: Promises['noun']): Map<number, Set<string>> {
  const found = new Map<number, Set<string>>()
  for (const name of readdirSync(join(project, 'test'), { recursive: true, encoding: 'utf8' })) {
    const file = join('test', name)
    if (!name.endsWith('.test.ts') || join(project, file) === import.meta.filename) continue
    for (const number of named(readFileSync(join(project, file), 'utf8'), noun)) {
      found.set(number, (found.get(number) ?? new Set()).add(file))
    }
  }
  return found
}

/** Numbers in titles of tests: `statement 9:`, `statements 39, 40:`, `statement 30, statement 40:`. */
function named(text: string, noun: Promises['noun']): number[] {
  return [...text.matchAll(new RegExp(`['"\`](${noun}s? \\d[\\w ,]*):`, 'g'))].flatMap(([, title]) =>
    (title!.match(/\d+/g) ?? []).map(Number),
  )
}

function page({ introduction, areas, open }: Promises, tests: ReadonlyMap<number, ReadonlySet<string>>): string {
  const sections = areas.map(({ area, promises }) => {
    const items = promises.map(([number, text]) => {
      const links = [...(tests.get(number) ?? [])].toSorted().map((file) => `[${file.slice(5)}](../../${file})`)
      return `- **${number}** ${text}\n  ${links.join(', ') || open[number]}\n`
    })
    return `## ${area}\n\n${items.join('')}`
  })
  return [introduction, ...sections].join('\n')
}

describe.each([netboot, ostree])('$page', (promises) => {
  const tests = provers(promises.noun)
  const all = promises.areas.flatMap((area) => area.promises.map(([number]) => number))

  it('has a test for each promise but those that are said to be open', () => {
    const open = Object.keys(promises.open).map(Number)
    expect(all.filter((number) => !tests.has(number))).toEqual(open)
  })

  it('knows every promise that a test names', () => {
    expect([...tests.keys()].filter((number) => !all.includes(number))).toEqual([])
  })

  it('is up to date', async () => {
    await expect(page(promises, tests)).toMatchFileSnapshot(join(project, 'docs/reference', promises.page))
  })
})
