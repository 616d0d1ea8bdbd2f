// `landfall audit`: who did or tried what.
import { Option } from 'commander'
import type { Command } from 'commander'
import { AuditEntry, AuditFilter, AuditFormat, AuditResult } from '../../contract/audit.ts'
import { CliError } from '../errors.ts'
import { printRows } from '../output.ts'
import { withClient } from './context.ts'

const FILTERS = Object.keys(AuditFilter.shape) as (keyof AuditFilter)[]

export function addAuditCommands(program: Command): void {
  const audit = program.command('audit').description('the trail of who did or tried what')

  addAuditFilters(
    audit.command('list', { isDefault: true }).alias('ls').description('the newest entries that a filter means'),
  )
    .option('--limit <number>', 'how many, at most 1000', '50')
    .action(async (options: AuditFilter & { limit: string }, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const query = queryOf(options)
        query.set('limit', options.limit)
        const items = await client.list(`/audit?${query}`, AuditEntry)
        printRows(output, items, [
          { title: 'NO', value: ({ seq }) => String(seq) },
          { title: 'TIME', value: ({ at }) => at },
          { title: 'WHO', value: ({ actor }) => actor },
          { title: 'FROM', value: ({ address }) => address ?? '-' },
          { title: 'WHAT', value: ({ action }) => action },
          { title: 'RESULT', value: ({ result, code }) => (code === null ? result : `${result}: ${code}`) },
          { title: 'TARGET', value: ({ target, detail }) => [target, detail].filter((text) => text !== '').join(' ') },
        ])
      }),
    )

  addAuditFilters(audit.command('export').description('all entries that a filter means, on standard output'))
    .addOption(
      new Option('--format <format>', 'lines of JSON, or a table').choices(AuditFormat.options).default('ndjson'),
    )
    .action(async (options: AuditFilter & { format: AuditFormat }, command: Command) =>
      withClient(command, async ({ client }) => {
        const query = queryOf(options)
        query.set('format', options.format)
        await client.copy(`/audit/export?${query}`, process.stdout)
      }),
    )
}

function addAuditFilters(command: Command): Command {
  return command
    .option('--actor <actor>', 'of this one: user:NAME or token:NAME')
    .option('--action <text>', 'with this in the operation')
    .option('--target <text>', 'with this in the target')
    .addOption(new Option('--result <result>', 'with this result').choices(AuditResult.options))
    .option('--since <time>', 'at this time (ISO 8601, UTC) or later')
    .option('--until <time>', 'before this time')
}

function queryOf(options: AuditFilter): URLSearchParams {
  const given = FILTERS.filter((key) => options[key] !== undefined).map((key) => [key, options[key]])
  const filter = AuditFilter.safeParse(Object.fromEntries(given))
  if (!filter.success) {
    const [issue] = filter.error.issues
    throw new CliError(`--${String(issue!.path[0])}: ${issue!.message}`, { exitCode: 2 })
  }
  return new URLSearchParams(Object.entries(filter.data).map(([key, value]): [string, string] => [key, String(value)]))
}
