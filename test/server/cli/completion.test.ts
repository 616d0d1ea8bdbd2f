// Completion is executed by the shells it is for, manual pages are read by groff, where those are there.
import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { completionScript } from '../../../server/cli/completion/scripts.ts'
import { manPages } from '../../../server/cli/man.ts'
import { landfallProgram } from '../../../server/cli/program.ts'
import { allNodes, commandTree } from '../../../server/cli/tree.ts'

const root = commandTree(landfallProgram('0'))
const has = (program: string) => spawnSync(program, ['--version']).error === undefined
let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'landfall-completion-'))
  for (const shell of ['bash', 'zsh', 'fish'] as const)
    writeFileSync(join(folder, shell), completionScript(shell, root))
  // What lists would print.
  writeFileSync(
    join(folder, 'landfall'),
    '#!/bin/sh\ncase $1 in machine) echo web-01; echo web-02 ;; image) echo os/web:stable ;; esac\n',
    { mode: 0o755 },
  )
})
afterAll(() => rmSync(folder, { recursive: true }))

/** What bash would offer, cut as bash cuts words. */
async function inBash(line: string): Promise<string[]> {
  const program = `source "$1/bash"; COMP_LINE=$2 COMP_POINT=\${#2}; _landfall; printf '%s\\n' "\${COMPREPLY[@]}"`
  const env = { ...process.env, PATH: `${folder}:${process.env['PATH']}` }
  const { stdout } = await promisify(execFile)('bash', ['-uc', program, 'bash', folder, line], { env })
  return stdout.split('\n').filter((text) => text !== '')
}

describe.skipIf(!has('bash'))('in bash', () => {
  it.each([
    ['landfall ima', ['image']],
    ['landfall image t', ['track', 'tracks']],
    ['landfall image pull --i', ['--insecure']],
    ['landfall machine ls --so', ['--sort']],
    ['landfall machine list --sort na', ['name']],
    ['landfall -o json machine sho', ['show']],
    ['landfall machine list -o y', ['yaml']],
    ['landfall machine list --con', ['--context']],
    ['landfall machine show web-0', ['web-01', 'web-02']],
    ['landfall image show os/web:s', ['stable']],
    ['landfall disk-image build x --format qcow', ['qcow2']],
    ['landfall completion ', ['bash', 'zsh', 'fish']],
  ])('%s', async (line, offered) => {
    expect(await inBash(line)).toEqual(offered)
  })

  it('offers every command of the tree', async () => {
    expect((await inBash('landfall ')).toSorted()).toEqual(root.commands.map(({ path }) => path[0]).toSorted())
  })
})

it('is sound for zsh', ({ skip }) => {
  skip(!has('zsh'), 'needs zsh')
  execFileSync('zsh', ['-n', join(folder, 'zsh')])
})

it('is sound for fish', ({ skip }) => {
  skip(!has('fish'), 'needs fish')
  execFileSync('fish', ['--no-execute', join(folder, 'fish')])
})

describe('manual pages', () => {
  const pages = manPages(root, '0.1.0')

  it('are one for each group, in ASCII, and name every command', () => {
    expect(pages.map(({ name }) => name)).toEqual([
      'landfall.1',
      ...root.commands.map(({ path }) => `landfall-${path[0]}.1`),
    ])
    for (const { text } of pages) expect(text).toMatch(/^[\n\x20-\x7e]+$/)
    const all = pages
      .map(({ text }) => text)
      .join('')
      .replaceAll('\\-', '-')
    for (const { path, commands } of allNodes(root)) if (commands.length === 0) expect(all).toContain(path.join(' '))
  })

  it('are read by groff without a warning', ({ skip }) => {
    skip(!has('groff'), 'needs groff')
    for (const { name, text } of pages) {
      const { stderr, status } = spawnSync('groff', ['-man', '-ww', '-Tutf8', '-z'], { input: text, encoding: 'utf8' })
      expect([name, status, stderr]).toEqual([name, 0, ''])
    }
  })
})
