// Pages of docs/reference that are made from the sources; `vitest run test/arch/references.test.ts -u` writes them anew.
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { EXIT_CODES } from '../../server/cli/errors.ts'
import { landfallProgram } from '../../server/cli/program.ts'
import { allNodes, commandTree, usageOf } from '../../server/cli/tree.ts'
import type { CommandNode, OptionNode } from '../../server/cli/tree.ts'
import { VARIABLES } from '../../server/cli/variables.ts'
import { markdownTable } from '../../server/config/markdown-table.ts'
import { settings } from '../../server/config/settings.ts'
import { EVENT_MEANINGS } from '../../server/contract/event-meanings.ts'
import { EventType } from '../../server/contract/event.ts'
import { ReasonCode } from '../../server/contract/install.ts'
import { reasonMeaning } from '../../server/contract/reason-meanings.ts'
import { createMetrics } from '../../server/observe/metrics.ts'

const reference = resolve(import.meta.dirname, '../../docs/reference')
const MADE =
  '<!-- Made from the sources by test/arch/references.test.ts; `vitest run test/arch/references.test.ts -u` writes it anew. -->'

function commandLinePage(): string {
  const root = commandTree(landfallProgram('0'))
  return [
    `# Command line\n\n${MADE}\n\n\`\`\`sh\nlandfall machine list --state ready -o json\n\`\`\`\n`,
    'Results go to standard output, progress and errors to standard error. On a terminal progress is a bar; elsewhere it is a plain line every few seconds. ' +
      '`landfall completion bash` completes all of this in the shell, `landfall man` has it as manual pages.\n',
    `## Options of every command\n\n${optionTable(root.options)}`,
    `## Exit codes\n\n${markdownTable([['code', 'means'], ...Object.entries(EXIT_CODES)])}`,
    `## Variables\n\n${markdownTable([['variable', 'means'], ...Object.entries(VARIABLES).map(([name, text]) => [code(name), text])])}`,
    `Those of the server are in [configuration](configuration.md), and so are the further options of \`landfall serve\`.\n`,
    ...root.commands.map(
      (group) => `## landfall ${group.path[0]}\n\n${sentence(group.description)}\n${leafSections(group)}`,
    ),
  ].join('\n')
}

function leafSections(group: CommandNode): string {
  return allNodes(group)
    .filter(({ commands }) => commands.length === 0)
    .map((leaf) => {
      const settingFlags = new Set(settings.map(({ flag }) => flag))
      const options = leaf.options.filter(({ names }) => leaf.path[0] !== 'serve' || !settingFlags.has(names.at(-1)!))
      const about = leaf === group ? '' : `\n### ${leaf.path.join(' ')}\n\n${sentence(leaf.description)}\n`
      const args = leaf.arguments.filter(({ description }) => description !== '')
      const rows = args.map(({ written, description }) => [code(written), description])
      return [
        about,
        `\n\`\`\`text\n${usageOf(leaf)}\n\`\`\`\n`,
        rows.length > 0 ? `\n${markdownTable([['argument', 'is'], ...rows])}` : '',
        options.length > 0 ? `\n${optionTable(options)}` : '',
      ].join('')
    })
    .join('')
}

function optionTable(options: readonly OptionNode[]): string {
  const rows = options.map(({ flags, description, choices }) => [
    code(flags),
    [description, choices.join(', ')].filter((text) => text !== '').join(': '),
  ])
  return markdownTable([['option', 'means'], ...rows])
}

function code(text: string): string {
  return `\`${text}\``
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}

const eventsPage = () =>
  `# Events\n\n${MADE}\n\n\`\`\`sh\nlandfall event follow --type install.failed -o json\n\`\`\`\n\n` +
  'Everything that happens is an event with a rising number. The page, `landfall event` and [the stream of the API](api.md#live-events) tell them; types are stable, messages are not.\n\n' +
  markdownTable([['type', 'means'], ...EventType.options.map((type) => [code(type), EVENT_MEANINGS[type]])])

const reasonsPage = () =>
  `# Reason codes\n\n${MADE}\n\n\`\`\`sh\nlandfall overview\n\`\`\`\n\n` +
  'Why an install ended badly. Codes are stable; the message and hint of an install tell more than this table can.\n\n' +
  markdownTable([
    ['code', 'means', 'what to do'],
    ...ReasonCode.options.map((reason) => [code(reason), reasonMeaning(reason).means, reasonMeaning(reason).next]),
  ])

it.each([
  ['cli.md', commandLinePage],
  ['events.md', eventsPage],
  ['reason-codes.md', reasonsPage],
])('%s says what the sources say', async (name, page) => {
  await expect(page()).toMatchFileSnapshot(join(reference, name))
})

describe('ports-and-endpoints.md', () => {
  const page = readFileSync(join(reference, 'ports-and-endpoints.md'), 'utf8')

  it('has every metric there is, and no other', async () => {
    const text = await createMetrics({ version: '0', machinesByState: () => ({}), eventStreams: () => 0 }).text()
    const names = [...text.matchAll(/^# TYPE (landfall_\w+) /gm)].map(([, name]) => name!)
    const told = [...page.matchAll(/`(landfall_\w+)`/g)].map(([, name]) => name!)
    expect(told.toSorted()).toEqual(names.toSorted())
  })

  it.each(['http.port', 'https.port', 'tftp.port'])('has the port that %s is by default', (path) => {
    const setting = settings.find((one) => one.path === path)
    if (setting) expect(page).toMatch(new RegExp(`^\\| ${setting.defaultText.replaceAll('`', '')}/`, 'm'))
    else expect(path).toBe('tftp.port')
  })
})
