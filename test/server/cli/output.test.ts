import { stripVTControlCharacters } from 'node:util'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { formatAge, printObject, printRows, shortDigest, table } from '../../../server/cli/output.ts'
import { progressLine, stepLines } from '../../../server/cli/progress.ts'

afterEach(() => vi.restoreAllMocks())

function printed(print: () => void): string {
  const lines: string[] = []
  vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line))
  print()
  return lines.join('\n')
}

const ROWS = [
  { name: 'web-01', state: 'deployed' },
  { name: 'a', state: 'ready' },
]
const COLUMNS = [
  { title: 'NAME', value: ({ name }: (typeof ROWS)[number]) => name },
  { title: 'STATE', value: ({ state }: (typeof ROWS)[number]) => state },
]

describe('results', () => {
  it('are aligned tables for people, without blanks at the end of lines', () => {
    expect(table(ROWS, COLUMNS)).toBe('NAME    STATE\nweb-01  deployed\na       ready')
  })

  it('are JSON for programs, rows as a list even when there are none', () => {
    expect(JSON.parse(printed(() => printRows('json', ROWS, COLUMNS)))).toEqual(ROWS)
    expect(printed(() => printRows('json', [], COLUMNS))).toBe('[]')
    expect(JSON.parse(printed(() => printObject('json', ROWS[0], [])))).toEqual(ROWS[0])
    expect(
      printed(() =>
        printObject('table', {}, [
          ['Name', 'x'],
          ['Long name', 'y'],
        ]),
      ),
    ).toBe('Name:      x\nLong name: y')
  })
})

describe('results for pipes', () => {
  it('are the first column or value alone', () => {
    const lines: string[] = []
    vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line))
    printRows('name', ROWS, COLUMNS)
    printObject('name', ROWS[0], [['Name', 'web-01']])
    expect(lines).toEqual(['web-01', 'a', 'web-01'])
  })
})

describe('formats', () => {
  it.each([
    [35, '35 s'],
    [240, '4 min'],
    [3 * 3600, '3 h'],
    [12 * 86_400, '12 d'],
  ])('an age of %d s as %s', (seconds, text) => {
    const now = Date.parse('2026-01-31T12:00:00Z')
    expect(formatAge(new Date(now - seconds * 1000).toISOString(), now)).toBe(text)
  })

  it('what is not there', () => {
    expect([formatAge(null), shortDigest(null)]).toEqual(['never', '-'])
  })
})

describe('progress', () => {
  function line(isTTY: boolean) {
    let time = 0
    const written: string[] = []
    const stream = { isTTY, columns: 200, write: (text: string) => written.push(text) } as unknown as NodeJS.WriteStream
    const progress = progressLine(stream, () => (time += 1000))
    return { progress, written }
  }

  it('is one line drawn over on a terminal', () => {
    const { progress, written } = line(true)
    progress.update(50, 100, 'sending')
    progress.update(100, 100, 'sending')
    progress.end()
    const text = stripVTControlCharacters(written.join(''))
    expect(text).toMatch(/^\r\[={15} {15}\]  50 % 50 B of 100 B 50 B\/s sending\r.*100 %.*\n$/)
  })

  it('is a line every few seconds elsewhere', () => {
    const { progress, written } = line(false)
    for (let n = 1; n <= 20; n++) progress.update(n, 20, 'sending')
    progress.end()
    expect(written.length).toBeGreaterThan(2)
    expect(written.length).toBeLessThan(12)
    expect(written.every((text) => /^ *\d+ % .*\n$/.test(text))).toBe(true)
  })
})

describe('steps', () => {
  it('are a line each, with the time and progress below', () => {
    let text = ''
    let now = 0
    const stream = { isTTY: false, write: (chunk: string) => (text += chunk) } as unknown as NodeJS.WriteStream
    const lines = stepLines(stream, () => now)
    lines.step('fetch', 'streaming')
    now = 6000
    lines.progress(5e6, 1e7, 'layer 1 of 2')
    now = 12_340
    lines.step('deploy', 'deploying')
    lines.end()
    expect(text).toBe(
      '    0.0 s  fetch      streaming\n 50 % 5 MB of 10 MB 833 kB/s layer 1 of 2\n   12.3 s  deploy     deploying\n',
    )
  })
})
