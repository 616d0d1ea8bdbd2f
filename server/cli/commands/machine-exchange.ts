// `landfall machine import|export|claim`: the inventory and other programs.
import { Option } from 'commander'
import type { Command } from 'commander'
import { ClaimResult, MAX_CLAIM } from '../../contract/claim.ts'
import type { ClaimRequest } from '../../contract/claim.ts'
import { EXCHANGE_FORMATS, ExportFormat, ImportResult, MAX_DOCUMENTS_BYTES } from '../../contract/document.ts'
import type { ExchangeFormat } from '../../contract/document.ts'
import { CliError } from '../errors.ts'
import { addFilterOptions, collect, filterOf, filterQuery } from '../filter-options.ts'
import type { FilterOptions } from '../filter-options.ts'
import { printRows } from '../output.ts'
import { parseLabels } from '../spec-options.ts'
import { readText } from '../text-file.ts'
import { withClient } from './context.ts'

interface ImportOptions {
  format?: ExchangeFormat
  dryRun?: boolean
  skipRefused?: boolean
}

type ClaimOptions = FilterOptions & { set: string[]; count: string; key?: string }

const FORMATS_BY_ENDING: Record<string, ExchangeFormat> = { csv: 'csv', yaml: 'yaml', yml: 'yaml', json: 'netbox' }

export function addMachineExchangeCommands(machine: Command): void {
  machine
    .command('import')
    .description(
      'take in an inventory kept elsewhere, all or none; what tables and NetBox do not name stays, documents are applied',
    )
    .argument('<file>', 'table, documents, or devices of NetBox; - for standard input')
    .addOption(new Option('--format <format>', 'what it is, instead of by its name').choices(EXCHANGE_FORMATS))
    .option('--dry-run', 'tell what would come of it, and change nothing')
    .option('--skip-refused', 'take in the other rows when some are refused')
    .action(async (file: string, options: ImportOptions, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const { format = formatOf(file), dryRun = false, skipRefused = false } = options
        const text = await readText(file, MAX_DOCUMENTS_BYTES / 2)
        const body = { format, text, dryRun, skipRefused }
        const { applied, results } = await client.call('POST', '/machines/import', ImportResult, body)
        printRows(output, results, [
          { title: 'ROW', value: ({ row }) => String(row) },
          { title: 'MACHINE', value: ({ name }) => name ?? '-' },
          { title: 'RESULT', value: ({ outcome, error }) => (error ? `refused: ${error.message}` : outcome) },
        ])
        const refused = results.filter(({ outcome }) => outcome === 'refused').length
        if (refused === 0) return
        const hint = applied ? undefined : 'mend these rows, or leave them out with --skip-refused'
        const others = applied ? 'the others were taken in' : 'nothing was changed'
        throw new CliError(
          `${refused} of ${results.length} rows refused; ${others}`,
          hint === undefined ? {} : { hint },
        )
      }),
    )

  addFilterOptions(machine.command('export').description('machines as a file, on standard output'))
    .addOption(
      new Option('--format <format>', 'table, documents for `apply` (yaml, json), or devices of NetBox')
        .choices(ExportFormat.options)
        .default('csv'),
    )
    .action(async (options: FilterOptions & { format: ExportFormat }, command: Command) =>
      withClient(command, async ({ client }) => {
        const query = filterQuery(filterOf(options) ?? {})
        query.set('format', options.format)
        await client.copy(`/machines/export?${query}`, process.stdout)
      }),
    )

  addFilterOptions(
    machine.command('claim').description('take machines for your use, by labels that mark them as taken'),
  )
    .requiredOption(
      '--set <key=value>',
      'a label that marks them, again for more; who has one of the keys is taken',
      collect,
    )
    .option('--count <number>', 'how many; none are taken when fewer are free', '1')
    .option('--key <text>', 'asked again with it within a day, the same machines are answered')
    .action(async (options: ClaimOptions, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const { key } = options
        const request: ClaimRequest = {
          filter: filterOf(options) ?? {},
          count: countOf(options.count),
          set: parseLabels(options.set),
        }
        const headers = key === undefined ? {} : { 'idempotency-key': key }
        const { machines } = await client.call('POST', '/machines/claim', ClaimResult, request, headers)
        printRows(output, machines, [
          { title: 'NAME', value: ({ name }) => name },
          { title: 'STATE', value: ({ state }) => state },
          { title: 'MAC', value: ({ macs }) => macs.join(',') },
          { title: 'ADDRESS', value: ({ address }) => address ?? '-' },
        ])
      }),
    )
}

function formatOf(file: string): ExchangeFormat {
  const format = FORMATS_BY_ENDING[file.split('.').at(-1)!.toLowerCase()]
  if (format) return format
  throw new CliError(`${file}: its name does not tell what it is: give --format`, { exitCode: 2 })
}

function countOf(text: string): number {
  const count = Number(text)
  if (Number.isInteger(count) && count >= 1 && count <= MAX_CLAIM) return count
  throw new CliError(`--count ${text}: want a number from 1 to ${MAX_CLAIM}`, { exitCode: 2 })
}
