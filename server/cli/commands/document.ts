// `landfall apply|diff|get`: machines and profiles as documents.
import { Argument, Option } from 'commander'
import type { Command } from 'commander'
import { z } from 'zod'
import {
  ApplyResult,
  DOCUMENT_KINDS,
  machineDocument,
  MachineDocument,
  profileDocument,
} from '../../contract/document.ts'
import type { ApplyItem, Document } from '../../contract/document.ts'
import { Machine, Profile } from '../../contract/machine.ts'
import { documentYaml } from '../../documents/write-yaml.ts'
import { changeLines } from '../change-text.ts'
import type { ApiClient } from '../client.ts'
import { documentsIn } from '../document-files.ts'
import type { FiledDocument } from '../document-files.ts'
import { CliError, DIFFERENT } from '../errors.ts'
import { collect } from '../filter-options.ts'
import { findMachine } from '../machine-lookup.ts'
import { printData, printLine, printRows } from '../output.ts'
import { formatLabels } from '../spec-options.ts'
import { withClient } from './context.ts'

interface FileOptions {
  file: string[]
}

const KINDS = [...DOCUMENT_KINDS, 'all'] as const
type Kind = (typeof KINDS)[number]

export function addDocumentCommands(program: Command): void {
  addFileOption(program.command('apply').description('make machines and profiles follow documents, all or none'))
    .option('--dry-run', 'tell what would come of it, and change nothing')
    .action(async ({ file, dryRun = false }: FileOptions & { dryRun?: boolean }, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const documents = await documentsIn(file)
        const { applied, results } = await apply(client, documents, dryRun)
        const rows = results.map((item, at) => ({ ...item, place: documents[at]!.place }))
        printRows(output, rows, [
          { title: 'DOCUMENT', value: ({ kind, name }) => `${kind}/${name}` },
          { title: 'RESULT', value: resultText },
          { title: 'FILE', value: ({ place }) => place },
        ])
        refuseIncomplete(results, applied)
      }),
    )

  addFileOption(program.command('diff').description('what `apply` would change, value by value')).action(
    async ({ file }: FileOptions, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const documents = await documentsIn(file)
        const result = await apply(client, documents, true)
        const { results } = result
        if (!printData(output, result)) {
          for (const line of results.flatMap((item, at) => changeLines(item, documents[at]!.place))) printLine(line)
        }
        refuseIncomplete(results, false)
        if (results.some(({ outcome }) => outcome !== 'unchanged')) process.exitCode = DIFFERENT
      }),
  )

  program
    .command('get')
    .description('machines and profiles as documents, which `apply` takes back; secrets are masked')
    .addArgument(new Argument('<kind>', 'what').choices(KINDS))
    .argument('[name]', 'of one alone')
    .action(async (kind: Kind, name: string | undefined, _: unknown, command: Command) =>
      withClient(command, async ({ client, output }) => {
        if (kind === 'all' && name !== undefined) throw new CliError('all has no name', { exitCode: 2 })
        const documents = await documentsOf(client, kind, name)
        if (output === 'yaml') for (const document of documents) printLine(documentYaml(document))
        else printRows(output, documents, COLUMNS)
      }),
    )
}

const COLUMNS = [
  { title: 'DOCUMENT', value: ({ kind, name }: Document) => `${kind}/${name}` },
  {
    title: 'LABELS',
    value: (document: Document) =>
      formatLabels((document.kind === 'machine' ? document.labels : document.selector) ?? {}),
  },
  { title: 'IMAGE', value: ({ spec }: Document) => spec?.image ?? '-' },
]

function addFileOption(command: Command): Command {
  return command.addOption(
    new Option('-f, --file <file>', 'YAML or JSON with documents, again for more; - for standard input')
      .argParser(collect)
      .makeOptionMandatory(),
  )
}

function apply(client: ApiClient, documents: readonly FiledDocument[], dryRun: boolean): Promise<ApplyResult> {
  const body = { documents: documents.map(({ document }) => document), dryRun }
  return client.call('POST', '/apply', ApplyResult, body)
}

function resultText({ outcome, changes, error }: ApplyItem): string {
  if (error) return `refused: ${error.message}${error.hint === undefined ? '' : ` (${error.hint})`}`
  return outcome === 'changed' ? `changed: ${changes.map(({ path }) => path).join(', ')}` : outcome
}

function refuseIncomplete(results: readonly ApplyItem[], applied: boolean): void {
  const refused = results.filter(({ outcome }) => outcome === 'refused').length
  if (refused === 0) return
  const others = applied ? 'the others were applied' : 'nothing was changed'
  throw new CliError(`${refused} of ${results.length} documents refused; ${others}`)
}

async function documentsOf(client: ApiClient, kind: Kind, name: string | undefined): Promise<Document[]> {
  return [
    ...(kind === 'profile' ? [] : await machines(client, name)),
    ...(kind === 'machine' ? [] : await profiles(client, name)),
  ]
}

async function machines(client: ApiClient, name: string | undefined): Promise<Document[]> {
  if (name === undefined) return client.call('GET', '/machines/export?format=json', z.array(MachineDocument))
  const { id } = await findMachine(client, name)
  return [machineDocument(await client.call('GET', `/machines/${id}`, Machine))]
}

async function profiles(client: ApiClient, name: string | undefined): Promise<Document[]> {
  const items = await client.list('/profiles', Profile)
  const found = items.filter((profile) => name === undefined || profile.name === name)
  if (found.length > 0 || name === undefined) return found.map(profileDocument)
  throw new CliError(`no profile ${name}`, { hint: '`landfall profile list` shows them all' })
}
