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
    `# Command line\n\n${MADE}\n\n\`\`\`text\nlandfall machine list --state ready -o json\n\`\`\`\n`,
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
  `# Events\n\n${MADE}\n\n\`\`\`text\nlandfall event follow --type install.failed -o json\n\`\`\`\n\n` +
  'Everything that happens is an event with a rising number. The page, `landfall event` and [the stream of the API](api.md#live-events) tell them; types are stable, messages are not. They are kept for 400 days (`events.keepDays`); the audit trail for ever.\n\n' +
  markdownTable([['type', 'means'], ...EventType.options.map((type) => [code(type), EVENT_MEANINGS[type]])])

const reasonsPage = () =>
  `# Reason codes\n\n${MADE}\n\n\`\`\`text\nlandfall overview\n\`\`\`\n\n` +
  'Why an install ended badly. Codes are stable; the message and hint of an install tell more than this table can.\n\n' +
  markdownTable([
    ['code', 'means', 'what to do'],
    ...ReasonCode.options.map((reason) => [code(reason), reasonMeaning(reason).means, reasonMeaning(reason).next]),
  ])

const metricsPage = async () => {
  const { registry } = createMetrics({ version: '0', machinesByState: () => ({}), eventStreams: () => 0 })
  const types = new Map(
    [...(await registry.metrics()).matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name, type]),
  )
  const own = registry.getMetricsAsArray().filter(({ name }) => name.startsWith('landfall_'))
  const rows = own.map((metric) => {
    // What it is at run time; the types know only what all have in common.
    const { name, help, labelNames } = metric as typeof metric & { labelNames: readonly string[] }
    return [code(name), types.get(name)!, labelNames.map(code).join(', '), help]
  })
  return [
    `# Metrics\n\n${MADE}\n`,
    '```yaml\n# prometheus.yml\nscrape_configs:\n  - job_name: landfall\n    scheme: https\n    authorization: { credentials_file: /etc/prometheus/landfall.token }\n' +
      "    tls_config: { ca_file: /etc/prometheus/landfall-ca.pem }\n    static_configs: [{ targets: ['landfall.example:8443'] }]\n```\n",
    '`GET /metrics` on the HTTPS side takes the role viewer: `landfall token create prometheus --role viewer` makes the token, and `http://landfall.example:8080/boot/ca.pem` is the ' +
      'authority, to be compared with `landfall status`.\n',
    markdownTable([['name', 'type', 'labels', 'is'], ...rows.toSorted(([a], [b]) => (a! < b! ? -1 : 1))]),
    'Beside them `process_*` and `nodejs_*`: processor time, memory, open files and the event loop of the process, as Prometheus clients for Node name them. Numbers begin anew when the ' +
      'server starts; what is worth keeping are [events](events.md).\n',
  ].join('\n')
}

interface Described {
  summary: string
  security?: { token?: string[] }[]
  'x-reach'?: string
}

const operationsPage = () => {
  const { paths } = JSON.parse(readFileSync(join(reference, 'openapi.json'), 'utf8')) as {
    paths: Record<string, Record<string, Described>>
  }
  const rows = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { summary, security, 'x-reach': reach }]) => [
      code(`${method.toUpperCase()} ${path}`),
      security?.flatMap(({ token }) => token ?? [])[0] ?? 'none',
      reach === undefined ? '' : code(reach),
      summary,
    ]),
  )
  return [
    `# Operations of the API\n\n${MADE}\n`,
    'Paths are below `https://SERVER:8443/api/v1`. [The API](api.md) tells how to call them and what a role and `x-reach` mean; parameters and schemas are in [openapi.json](openapi.json).\n',
    markdownTable([['operation', 'role', '`x-reach`', 'does'], ...rows]),
  ].join('\n')
}

it.each([
  ['cli.md', commandLinePage],
  ['events.md', eventsPage],
  ['reason-codes.md', reasonsPage],
  ['metrics.md', metricsPage],
  ['operations.md', operationsPage],
])('%s says what the sources say', async (name, page) => {
  await expect(await page()).toMatchFileSnapshot(join(reference, name))
})

describe('ports-and-endpoints.md', () => {
  const page = readFileSync(join(reference, 'ports-and-endpoints.md'), 'utf8')

  it.each(['http.port', 'https.port', 'tftp.port'])('has the port that %s is by default', (path) => {
    const setting = settings.find((one) => one.path === path)
    if (setting) expect(page).toMatch(new RegExp(`^\\| ${setting.defaultText.replaceAll('`', '')}/`, 'm'))
    else expect(path).toBe('tftp.port')
  })
})
