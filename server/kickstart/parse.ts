// Reading kickstarts as pykickstart does: commands of shell-like words, sections of whole lines.
import type { KickstartProblem } from './errors.ts'

export interface KickstartCommand {
  line: number
  name: string
  /** What follows the name, unquoted. */
  words: string[]
}

export interface KickstartSection {
  line: number
  /** `%post` */
  name: string
  words: string[]
  /** Lines between the header and `%end`. */
  body: string[]
}

export interface Kickstart {
  commands: KickstartCommand[]
  sections: KickstartSection[]
  /** Files named by `%include`. */
  includes: { line: number; path: string }[]
  problems: KickstartProblem[]
}

const SECTIONS = [
  '%pre',
  '%pre-install',
  '%post',
  '%onerror',
  '%traceback',
  '%packages',
  '%addon',
  '%anaconda',
  '%certificate',
]

/** What inside a section ends or breaks it when it is a line's first word. */
const SECTION_WORDS = new Set([...SECTIONS, '%end', '%include', '%ksappend'])

/** Parses a kickstart. Never throws: what does not parse is told in `problems`. */
export function parseKickstart(text: string): Kickstart {
  const kickstart: Kickstart = { commands: [], sections: [], includes: [], problems: [] }
  const { commands, sections, includes, problems } = kickstart
  let open: KickstartSection | undefined
  text.split('\n').forEach((raw, index) => {
    const line = index + 1
    const first = /^\s*(\S+)/.exec(raw)?.[1]
    if (open) {
      if (first === '%end') open = undefined
      else if (first !== undefined && SECTION_WORDS.has(first)) {
        problems.push({ line, message: `${first} inside of ${open.name}, which began in line ${open.line}` })
      } else open.body.push(raw)
      return
    }
    if (first === undefined || first.startsWith('#')) return
    const words = splitWords(raw)
    if (words === undefined) {
      problems.push({ line, message: 'a quote is not closed' })
      return
    }
    const [name = '', ...rest] = words
    if (name === '%include') includes.push({ line, path: rest[0] ?? '' })
    else if (SECTIONS.includes(name)) {
      open = { line, name, words: rest, body: [] }
      sections.push(open)
    } else if (name.startsWith('%')) problems.push({ line, message: `${name} is no section` })
    else commands.push({ line, name, words: rest })
  })
  if (open) problems.push({ line: open.line, message: `${open.name} has no %end` })
  return kickstart
}

/**
 * Words as Python's `shlex` makes them in POSIX mode, with comments: quotes join, a backslash escapes outside of quotes and, before `"`
 * and `\`, inside double ones; an unquoted `#` begins a comment. Undefined when a quote stays open.
 */
export function splitWords(text: string): string[] | undefined {
  const words: string[] = []
  let word: string | undefined
  let quote: '"' | "'" | undefined
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!
    if (quote !== undefined) {
      const next = text[at + 1]
      if (char === quote) quote = undefined
      else if (char === '\\' && quote === '"' && (next === '"' || next === '\\')) {
        word += next
        at++
      } else word += char
    } else if (char === '"' || char === "'") {
      quote = char
      word ??= ''
    } else if (char === '\\') {
      if (at + 1 >= text.length) return undefined
      word = (word ?? '') + text[++at]!
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else if (char === '#') {
      break
    } else word = (word ?? '') + char
  }
  if (quote !== undefined) return undefined
  if (word !== undefined) words.push(word)
  return words
}

/** Options of a command, by name without dashes; one without a value is ''. A value may be a word of its own, as argparse allows. */
export function optionsOf({ words }: Pick<KickstartCommand, 'words'>): Map<string, string> {
  const options = new Map<string, string>()
  words.forEach((word, at) => {
    const match = /^--([^=]+)(?:=(.*))?$/s.exec(word)
    if (!match) return
    const next = words[at + 1]
    options.set(match[1]!, match[2] ?? (next !== undefined && !next.startsWith('-') ? next : ''))
  })
  return options
}
