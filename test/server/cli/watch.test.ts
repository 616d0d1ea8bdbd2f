import { stripVTControlCharacters } from 'node:util'
import { Command } from 'commander'
import { expect, it, vi } from 'vitest'
import { CliError } from '../../../server/cli/errors.ts'
import { pageOf, printRows } from '../../../server/cli/output.ts'
import { patiently } from '../../../server/cli/patience.ts'
import { addWatchOptions, watched } from '../../../server/cli/watch.ts'

interface Row {
  name: string
  age: string
}
const COLUMNS = [
  { title: 'NAME', value: ({ name }: Row) => name },
  { title: 'SEEN', value: () => String(Math.random()) },
]

async function watch(rows: Row[][], { output = 'table', isTTY = false } = {}): Promise<string> {
  let written = ''
  const screen = { isTTY, rows: 3, write: (text: string) => (written += text) }
  let round = 0
  const work = async () => printRows(output as 'table', rows[round++]!, COLUMNS)
  await watched(work, { output: output as 'table', screen, pauseMs: 0, rounds: rows.length })
  return written
}

const A = { name: 'a', age: '1 s' }
const B = { name: 'b', age: '1 s' }

it('shows a page again when its values have changed, whatever its texts do', async () => {
  const text = await watch([[A], [A], [A, B]])
  expect(text.match(/NAME/g)).toHaveLength(2)
})

it('gives programs one line of JSON a time, or one document of YAML', async () => {
  expect(await watch([[A], [A], [B]], { output: 'json' })).toBe(`${JSON.stringify([A])}\n${JSON.stringify([B])}\n`)
  expect((await watch([[A], [B]], { output: 'yaml' })).match(/^---$/gm)).toHaveLength(2)
})

it('draws over on a terminal, no more than fits', async () => {
  const text = await watch([[A, B], [A]], { isTTY: true })
  const pages = text.split('\x1b[H').slice(1)
  expect(pages.map((page) => stripVTControlCharacters(page).split('\n'))).toEqual([
    [expect.stringMatching(/^NAME/), expect.stringMatching(/^a /), ''],
    [expect.stringMatching(/^NAME/), expect.stringMatching(/^a /), ''],
  ])
})

it('keeps what two pages print apart', async () => {
  const print = (row: Row) => pageOf(async () => printRows('name', [row], COLUMNS))
  expect((await Promise.all([print(A), print(B)])).map(({ lines }) => lines)).toEqual([['a'], ['b']])
})

it('outlives a server that is away for a while, and tells that once', async () => {
  const told = vi.spyOn(console, 'error').mockImplementation(() => {})
  const answers = [3, 3, undefined]
  const call = async () => {
    const exitCode = answers.shift()
    if (exitCode) throw new CliError('reaching it: ECONNREFUSED', { exitCode: 3 })
    return 'there'
  }
  expect(await patiently(call, { pauseMs: 0 })).toBe('there')
  expect(told).toHaveBeenCalledTimes(1)
  answers.push(3)
  await expect(patiently(call, { pauseMs: 0, deadline: 0 })).rejects.toThrow(/reaching/)
  vi.restoreAllMocks()
})

it('is an option of what looks at the server, and of nothing else', () => {
  const program = new Command()
  const machine = program.command('machine')
  const [list, rename] = [machine.command('list'), machine.command('rename')]
  const contexts = program.command('context').command('list')
  addWatchOptions(program)
  expect([list, rename, contexts].map(({ options }) => options.length)).toEqual([1, 0, 0])
})
