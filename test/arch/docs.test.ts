// What the pages say about files and commands exists.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { CommanderError } from 'commander'
import type { Command } from 'commander'
import { parse } from 'smol-toml'
import { describe, expect, it } from 'vitest'
import { landfallProgram } from '../../server/cli/program.ts'
import { ConfigInput } from '../../server/config/schema.ts'
import { settings } from '../../server/config/settings.ts'
import { EventType } from '../../server/contract/event.ts'
import { anchorsOf, fencesOf, linksOf, withoutFences } from './markdown.ts'
import { landfallCalls, simpleCommands } from './shell-words.ts'

const project = resolve(import.meta.dirname, '../..')

const pages = [
  'README.md',
  ...readdirSync(join(project, 'docs'), { recursive: true, encoding: 'utf8' }).map((name) => join('docs', name)),
]
  .filter((name) => name.endsWith('.md'))
  .map((name) => ({ name, text: readFileSync(join(project, name), 'utf8') }))

/** Links of a page to files and headings that are not there. */
function deadLinks(name: string, text: string): string[] {
  return linksOf(text)
    .filter((target) => !/^[a-z]+:/.test(target))
    .filter((target) => {
      const [path, anchor] = target.split('#') as [string, string?]
      const file = path === '' ? name : join(dirname(name), path)
      if (!existsSync(join(project, file))) return true
      const there = file === name ? text : pages.find((page) => page.name === file)?.text
      return anchor !== undefined && there !== undefined && !anchorsOf(there).has(anchor)
    })
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

/** Calls of the command line in a page's blocks that it would refuse: unknown words and options, missing arguments, values that are no choice. */
function wrongCalls(text: string): string[] {
  return fencesOf(text)
    .filter(({ language }) => language === 'text' || language === 'sh')
    .flatMap((fence) => landfallCalls(fence.text))
    .flatMap((words) => {
      const reason = refusal(words)
      return reason === undefined ? [] : [`landfall ${words.join(' ')}: ${reason}`]
    })
}

function refusal(words: readonly string[]): string | undefined {
  const program = landfallProgram('0')
  for (const command of allCommands(program)) command.action(() => {}).configureOutput({ writeErr() {}, writeOut() {} })
  try {
    program.parse(words, { from: 'user' })
    return undefined
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? undefined : error.message
    throw error
  }
}

function allCommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(allCommands)]
}

/** Why a server would refuse the parts of landfall.toml in a page; blocks of other files say so in their first line. */
function wrongSettings(text: string): string[] {
  return fencesOf(text)
    .filter(
      ({ language, text: toml }) =>
        language === 'toml' && !/^# (?!\S*landfall\.toml)\S+\.toml$/m.test(toml.split('\n')[0]!),
    )
    .flatMap(({ text: toml }) => {
      const written = parse(toml)
      const parsed = ConfigInput.safeParse(written)
      const issues = parsed.success ? [] : parsed.error.issues
      // What is not there stands in another part of the file.
      return issues
        .filter(({ path }) => valueAt(written, path) !== undefined)
        .map(({ path, message }) => `${path.join('.')}: ${message}`)
    })
}

function valueAt(tree: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((node, key) => (node as Record<PropertyKey, unknown> | undefined)?.[key], tree)
}

const groups = new Set(settings.flatMap(({ path }) => path.split('.').slice(0, -1).join('.') || []))
const tables = settings.filter(({ type }) => type === 'tables').map(({ path }) => `${path}.`)
const named = new Set<string>([...settings.map(({ path }) => path), ...groups, ...EventType.options])

/** `images.maxBytes` and the like in a page: names below a group of settings that are neither a setting nor an event. */
function unknownSettings(text: string): string[] {
  return [...withoutFences(text).matchAll(/`([a-z0-9]+(?:\.[A-Za-z][A-Za-z0-9]*)+)(?: = [^`]*)?`/g)]
    .map(([, path]) => path!)
    .filter((path) => groups.has(path.split('.')[0]!))
    .filter((path) => !named.has(path) && !tables.some((table) => path.startsWith(table)))
}

/** Sources that a page names and that are not there. */
function missingSources(text: string): string[] {
  return [...text.matchAll(/`((?:server|boot-assets|templates|web|test)\/[\w./-]*)`/g)]
    .map(([, path]) => path!)
    .filter((path) => !existsSync(join(project, path)))
}

/** Lines of `sh` that no test runs: those are scripts of package.json and programs of this repository. All else is `text`. */
function unrunCommands(text: string): string[] {
  return fencesOf(text)
    .filter(({ language }) => language === 'sh')
    .flatMap((fence) => simpleCommands(fence.text))
    .filter(([program, file]) => program !== 'npm' && !(program === 'node' && existsSync(join(project, file ?? ''))))
    .map((words) => words.join(' '))
}

describe('pages', () => {
  it.each(pages)('$name: links lead somewhere', ({ name, text }) => {
    expect(deadLinks(name, text)).toEqual([])
  })

  // The reference shows how commands are called in general.
  it.each(pages.filter(({ name }) => name !== 'docs/reference/cli.md'))('$name: commands are complete', ({ text }) => {
    expect(wrongCalls(text)).toEqual([])
  })

  it.each(pages)('$name: sh is what tests run', ({ text }) => {
    expect(unrunCommands(text)).toEqual([])
  })

  it.each(pages)('$name: settings exist', ({ text }) => {
    expect(wrongSettings(text)).toEqual([])
    expect(unknownSettings(text)).toEqual([])
  })

  it.each(pages)('$name: sources exist', ({ text }) => {
    expect(missingSources(text)).toEqual([])
  })

  it('are all in the index, by themselves or with their folder, and the index in the README', () => {
    const linked = (name: string) =>
      linksOf(pages.find((page) => page.name === name)!.text).map((target) =>
        join(dirname(name), target.replace(/#.*/, '')),
      )
    const listed = ['README.md', 'docs/README.md', ...linked('docs/README.md')]
    const isListed = (name: string) => listed.some((one) => name === one || (one.endsWith('/') && name.startsWith(one)))
    expect(pages.map(({ name }) => name).filter((name) => !isListed(name))).toEqual([])
    expect(linked('README.md')).toContain('docs/README.md')
  })

  it('show every picture that is kept', () => {
    const shown = pages.flatMap(({ name, text }) => linksOf(text).map((target) => join(dirname(name), target)))
    const pictures = readdirSync(join(project, 'docs'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.webp'))
      .map((name) => join('docs', name))
    expect(pictures.length).toBeGreaterThan(0)
    expect(pictures.filter((picture) => !shown.includes(picture))).toEqual([])
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
    expect(deadLinks('README.md', '# Here\n[x](#here) [x](#there) [x](docs/dev/hacking.md#nowhere)')).toEqual([
      '#there',
      'docs/dev/hacking.md#nowhere',
    ])
    const block = (language: string, inside: string) => `\`\`\`${language}\n${inside}\n\`\`\`\n`
    expect(wrongCalls(block('text', "sudo landfall image show\nlandfall wait a --for 'x=y' | cat # fine"))).toEqual([
      expect.stringContaining('missing required argument'),
    ])
    expect(unrunCommands(block('sh', 'npm test\nlandfall status'))).toEqual(['landfall status'])
    expect(
      wrongSettings(block('toml', '# a.toml\nx = 1') + block('toml', '# landfall.toml\n[http]\nport = 0')),
    ).toEqual([expect.stringMatching(/^http\.port: /)])
    expect(missingSources('`server/main.ts`, `server/none.ts`')).toEqual(['server/none.ts'])
    expect(unknownSettings('`images.maxBytes`, `images.minBytes`, `boot.refused`')).toEqual(['images.minBytes'])
    expect(unknownCommands('`landfall image melt`')).toEqual(['image melt'])
    expect(unknownCommands('`landfall image pull --fast x`')).toEqual(['image pull --fast x'])
  })
})
