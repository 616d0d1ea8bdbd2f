// Manual pages, made from the commands: landfall(1), and one for each group of commands.
import { EXIT_CODES } from './errors.ts'
import { VARIABLES } from './variables.ts'
import { allNodes, usageOf } from './tree.ts'
import type { CommandNode, OptionNode } from './tree.ts'

export interface ManPage {
  /** `landfall-machine.1` */
  name: string
  text: string
}

/** Pages in the language of groff's man macros, in ASCII. */
export function manPages(root: CommandNode, version: string): ManPage[] {
  const pages = [mainPage(root, version), ...root.commands.map((node) => groupPage(node, version))]
  return pages.map(({ name, text }) => ({ name: `${name}.1`, text: `${text}\n` }))
}

function mainPage(root: CommandNode, version: string): ManPage {
  const lines = [
    ...head('landfall', root.description, version),
    '.SH SYNOPSIS',
    '.B landfall',
    roff('[options] <command>'),
    '.SH COMMANDS',
    ...root.commands.flatMap(({ path, description }) => [
      '.TP',
      `.BR landfall\\-${roff(path[0]!)} (1)`,
      roff(description),
    ]),
    '.SH OPTIONS',
    ...root.options.flatMap(optionLines),
    '.SH EXIT STATUS',
    ...Object.entries(EXIT_CODES).flatMap(([code, text]) => ['.TP', `.B ${code}`, roff(text)]),
    '.SH ENVIRONMENT',
    ...Object.entries(VARIABLES).flatMap(([name, text]) => ['.TP', `.B ${roff(name)}`, roff(text)]),
  ]
  return { name: 'landfall', text: lines.join('\n') }
}

function groupPage(group: CommandNode, version: string): ManPage {
  const name = `landfall-${group.path[0]}`
  const leaves = allNodes(group).filter(({ commands }) => commands.length === 0)
  const lines = [
    ...head(name, group.description, version),
    '.SH SYNOPSIS',
    ...leaves.flatMap((leaf, at) => [...(at > 0 ? ['.br'] : []), `.B ${roff(usageOf(leaf))}`]),
    '.SH DESCRIPTION',
    ...leaves.flatMap((leaf) => [
      ...(leaf === group ? [] : [`.SS ${roff(leaf.path.join(' '))}`]),
      roff(sentence(leaf.description)),
      ...leaf.arguments
        .filter(({ description }) => description !== '')
        .flatMap(({ written, description }) => ['.TP', `.I ${roff(written)}`, roff(description)]),
      ...leaf.options.flatMap(optionLines),
    ]),
    '.SH SEE ALSO',
    '.BR landfall (1)',
  ]
  return { name, text: lines.join('\n') }
}

function head(name: string, description: string, version: string): string[] {
  return [
    `.TH ${roff(name.toUpperCase())} 1 "" "Landfall ${roff(version)}" "Landfall"`,
    '.SH NAME',
    `${roff(name)} \\- ${roff(description)}`,
  ]
}

function optionLines({ flags, description, choices }: OptionNode): string[] {
  const values = choices.length > 0 ? `${description}: ${choices.join(', ')}` : description
  return ['.TP', `.B ${roff(flags)}`, roff(values === '' ? flags : values)]
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}

/** Text that groff takes as such: no escapes, no requests, no characters beyond ASCII. */
function roff(text: string): string {
  return text
    .replaceAll('\\', String.raw`\e`)
    .replaceAll('-', String.raw`\-`)
    .replaceAll('"', String.raw`\(dq`)
    .replaceAll('`', String.raw`\(ga`)
    .replace(/^([.'])/, String.raw`\&$1`)
    .replaceAll(
      /[^\n\x20-\x7e]/gu,
      (char) => `\\[u${char.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}]`,
    )
}
