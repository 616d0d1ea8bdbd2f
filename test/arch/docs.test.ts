// What the pages say about files and commands exists.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { landfallProgram } from '../../server/cli/program.ts'
import { settings } from '../../server/config/settings.ts'

const project = resolve(import.meta.dirname, '../..')

const pages = [
  'README.md',
  ...readdirSync(join(project, 'docs'), { recursive: true, encoding: 'utf8' }).map((name) => join('docs', name)),
]
  .filter((name) => name.endsWith('.md'))
  .map((name) => ({ name, text: readFileSync(join(project, name), 'utf8') }))

/** Links of a page to files that are not there. */
function deadLinks(name: string, text: string): string[] {
  return [...text.matchAll(/\]\(([^)\s#]+)(?:#[^)]*)?\)/g)]
    .map(([, target]) => target!)
    .filter((target) => !/^[a-z]+:/.test(target) && !existsSync(join(project, dirname(name), target)))
}

/** Pages that sources name, in comments or elsewhere, and that are not there. */
function missingPages(files: readonly { name: string; text: string }[]): string[] {
  return files.flatMap(({ name, text }) =>
    [...text.matchAll(/\bdocs\/[\w/-]+\.md\b/g)]
      .filter(([page]) => !existsSync(join(project, page)))
      .map(([page]) => `${name}: ${page}`),
  )
}

function sourceFiles(): { name: string; text: string }[] {
  return ['server', 'boot-assets', 'web/src'].flatMap((folder) =>
    readdirSync(join(project, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.tsx?$/.test(name))
      .map((name) => join(folder, name))
      .map((name) => ({ name, text: readFileSync(join(project, name), 'utf8') })),
  )
}

/** Scripts of package.json that a page names and that are not there. */
function missingScripts(text: string): string[] {
  const { scripts } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  return [...text.matchAll(/npm run (?:--silent )?([\w:-]+)/g)]
    .map(([, name]) => name!)
    .filter((name) => !(name in scripts))
}

/** `landfall image list`, `npm run landfall -- --data-dir X image list`: up to the end of the line or the code. */
const COMMAND = new RegExp(
  `\\blandfall (?:-- )?(?:--data-dir \\S+ )?((?:${landfallProgram('0')
    .commands.map((command) => command.name())
    .join('|')})\\b[^\`\\n#|]*)`,
  'g',
)

/** `landfall ...` commands of a page that the command line has not. */
function unknownCommands(text: string): string[] {
  const program = landfallProgram('0')
  return [...text.matchAll(COMMAND)]
    .map(([, line]) => line!.trim().split(/\s+/))
    .filter(([first]) => first !== undefined)
    .filter((words) => !reaches(program, words))
    .map((words) => words.join(' '))
}

/** Whether the words lead to a command, as far as they name any, and their flags exist there. */
function reaches(command: Command, [word, ...rest]: string[]): boolean {
  if (command.commands.length === 0) {
    const flags = [word ?? '', ...rest].filter((one) => one.startsWith('--')).map((one) => one.replace(/=.*/, ''))
    return flags.every(
      (flag) =>
        ['--data-dir', '--output', '--context'].includes(flag) || command.options.some(({ long }) => long === flag),
    )
  }
  if (word === undefined) return true
  const next = command.commands.find((one) => one.name() === word || one.aliases().includes(word))
  return next !== undefined && reaches(next, rest)
}

describe('pages', () => {
  it.each(pages)('$name: links lead somewhere', ({ name, text }) => {
    expect(deadLinks(name, text)).toEqual([])
  })

  it.each(pages)('$name: npm scripts exist', ({ text }) => {
    expect(missingScripts(text)).toEqual([])
  })

  it.each(pages)('$name: landfall commands exist', ({ text }) => {
    expect(unknownCommands(text)).toEqual([])
  })

  it('name only variables that exist', () => {
    const known = new Set(settings.map(({ variable }) => variable))
    const sources = readFileSync(join(project, 'server/config/sources.ts'), 'utf8')
    const others = [...sources.matchAll(/'([A-Z_]+)'/g)].map(([, name]) => `LANDFALL_${name}`)
    const named = pages.flatMap(({ text }) => text.match(/\bLANDFALL_[A-Z_]+\b/g) ?? [])
    expect(named.filter((name) => !known.has(name) && !others.includes(name))).toEqual([])
  })
})

describe('sources', () => {
  it('name only pages that exist', () => {
    expect(missingPages(sourceFiles())).toEqual([])
  })
})

describe('the checks', () => {
  it('find what is not there', () => {
    expect(deadLinks('README.md', '[x](docs/nowhere.md)')).toEqual(['docs/nowhere.md'])
    expect(missingPages([{ name: 'a.ts', text: '// docs/nowhere.md says so' }])).toEqual(['a.ts: docs/nowhere.md'])
    expect(missingScripts('npm run fly')).toEqual(['fly'])
    expect(unknownCommands('`landfall image melt`')).toEqual(['image melt'])
    expect(unknownCommands('`landfall image pull --fast x`')).toEqual(['image pull --fast x'])
  })
})
