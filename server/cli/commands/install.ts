// `landfall install`: runs of the installer.
import type { Command } from 'commander'
import { z } from 'zod'
import { formatBytes } from '../../contract/bytes.ts'
import { Uuid } from '../../contract/common.ts'
import { eraseSentence } from '../../contract/erase-text.ts'
import { layersText } from '../../contract/layer-news.ts'
import { Install, InstallDetail, RecoveryKey } from '../../contract/install.ts'
import { trustSentence, trustWord } from '../../contract/trust-text.ts'
import type { ApiClient } from '../client.ts'
import { CliError } from '../errors.ts'
import { followInstall, installLines } from '../install-live.ts'
import { printData, printLine, printObject, printRows, shortDigest, table } from '../output.ts'
import type { OutputFormat } from '../output.ts'
import { patiently } from '../patience.ts'
import { withClient } from './context.ts'
import { findMachine } from '../machine-lookup.ts'

const LogLine = z.object({ seq: z.number(), at: z.string(), level: z.string(), text: z.string() })
type LogLine = z.infer<typeof LogLine>
const LOG_PAGE = 10_000
const INSTALL = 'id of the install, or a machine for its newest one'

export function addInstallCommands(program: Command): void {
  const install = program.command('install').description('installs: steps, progress, logs')

  install
    .command('list')
    .alias('ls')
    .description("a machine's installs, newest first")
    .argument('<machine>')
    .action(async (name: string, _: unknown, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const { id } = await findMachine(client, name)
        const items = await client.list(`/machines/${id}/installs`, Install)
        printRows(output, items, [
          { title: 'INSTALL', value: ({ id }) => id },
          { title: 'GEN', value: ({ generation }) => String(generation) },
          { title: 'STATE', value: ({ state }) => state },
          { title: 'IMAGE', value: ({ image }) => image },
          { title: 'DIGEST', value: ({ digest }) => shortDigest(digest) },
          { title: 'REASON', value: ({ failure }) => failure?.code ?? '-' },
        ])
      }),
    )

  install
    .command('show')
    .alias('status')
    .description('one install: steps with times and bytes, layers on their way, outcome')
    .argument('<install>', INSTALL)
    .action(async (name: string, _: unknown, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const { id } = await findInstall(client, name)
        const found = await client.call('GET', `/installs/${id}`, InstallDetail)
        printObject(output, found, [
          ['Install', found.id],
          ['State', found.state],
          ['Image', `${found.image} ${found.digest}`],
          ['Trust', found.trust ? `${trustWord(found.trust)}: ${trustSentence(found.trust)}` : '-'],
          ...(found.plan?.disks ?? []).map(({ device, disk }): [string, string] => [
            'Disk',
            `${device} serial ${disk.serial ?? '-'}`,
          ]),
          ...found.erasures.map((report): [string, string] => ['Erasure', eraseSentence(report)]),
          ['Confirmed', found.confirmedDigest ?? '-'],
          ...(found.failure
            ? [['Failure', `${found.failure.code}: ${found.failure.message}`] as [string, string]]
            : []),
        ])
        if (output !== 'table') return
        printLine(`\n${stepTable(found)}`)
        if (found.layers.length > 0) printLine(`\n${layersText(found.layers)}`)
        for (const line of installLines(found)) printLine(line)
      }),
    )

  install
    .command('recovery-key')
    .description('show the recovery key of the encrypted disks; the server forgets it then')
    .argument('<install>', INSTALL)
    .action(async (name: string, _: unknown, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const { id } = await findInstall(client, name)
        const found = await client.call('POST', `/installs/${id}/recovery-key`, RecoveryKey)
        printObject(output, found, [['Recovery key', found.key]])
      }),
    )

  install
    .command('cancel')
    .description('stop an install at its next step')
    .argument('<install>', INSTALL)
    .action(async (name: string, _: unknown, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const { id } = await findInstall(client, name)
        const found = await client.call('POST', `/installs/${id}/cancel`, Install)
        printObject(output, found, [
          ['Install', found.id],
          ['State', found.state],
        ])
      }),
    )

  install
    .command('watch')
    .description('follow an install to its end: steps, and on a terminal a bar for each layer that streams')
    .argument('<install>', INSTALL)
    .action(async (name: string, _: unknown, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const { id } = await findInstall(client, name)
        const linesOf = output === 'table' ? stepLines : (install: Install) => [JSON.stringify(install)]
        let told: string[] = []
        await followInstall(client, id, async (install) => {
          const known = told
          told = linesOf(install)
          return told.filter((line) => !known.includes(line))
        })
      }),
    )

  install
    .command('logs')
    .alias('log')
    .description("the installer's log; followed on a terminal, with bars for what streams below it")
    .argument('<install>', INSTALL)
    .option('-f, --follow', 'go on until the install ends')
    .action(async (name: string, { follow = false }: { follow?: boolean }, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const { id } = await findInstall(client, name)
        if (follow) return followLog(client, id, output)
        const items = await readLog(client, id, 0)
        if (printData(output, items)) return
        for (const line of items) printLine(logText(line))
      }),
    )
}

/** Ends with the install. */
async function followLog(client: ApiClient, id: string, output: OutputFormat): Promise<void> {
  let after = 0
  await followInstall(client, id, async () => {
    const lines = await patiently(() => readLog(client, id, after))
    after = lines.at(-1)?.seq ?? after
    return lines.map((line) => (output === 'json' ? JSON.stringify(line) : logText(line)))
  })
}

/** One for each step that began or ended. Its message may change all the time, and is left to the bar while it runs. */
function stepLines({ steps }: Install): string[] {
  return steps
    .filter(({ state }) => state !== 'pending')
    .map(({ name, state, message }) => `${name.padEnd(10)} ${state === 'running' ? 'begins' : `${state}: ${message}`}`)
}

/** All lines after that number, whatever number of pages that is. */
async function readLog(client: ApiClient, id: string, after: number): Promise<LogLine[]> {
  const lines: LogLine[] = []
  for (;;) {
    const from = lines.at(-1)?.seq ?? after
    const items = await client.list(`/installs/${id}/log?after=${from}&limit=${LOG_PAGE}`, LogLine)
    lines.push(...items)
    if (items.length < LOG_PAGE) return lines
  }
}

function logText({ at, level, text }: LogLine): string {
  return `${at} ${level.padEnd(5)} ${text}`
}

/** By its id, or the newest one of a machine as people name it. */
async function findInstall(client: ApiClient, text: string): Promise<{ id: string }> {
  if (Uuid.safeParse(text).success) {
    try {
      return await client.call('GET', `/installs/${text}`, Install)
    } catch (error) {
      if (!(error instanceof CliError) || error.code !== 'INSTALL_NOT_FOUND') throw error
    }
  }
  const { name, installId } = await findMachine(client, text)
  if (installId !== null) return { id: installId }
  throw new CliError(`${name} was never installed`, { hint: '`landfall machine assign` starts an install' })
}

function stepTable(install: Install): string {
  return table(install.steps, [
    { title: 'STEP', value: ({ name }) => name },
    { title: 'STATE', value: ({ state }) => state },
    { title: 'SECONDS', value: ({ startedAt, endedAt }) => seconds(startedAt, endedAt) },
    { title: 'BYTES', value: ({ bytes }) => (bytes > 0 ? formatBytes(bytes) : '-') },
    { title: 'MESSAGE', value: ({ message }) => message },
  ])
}

function seconds(start: string | null, end: string | null): string {
  if (!start) return '-'
  return (((end ? Date.parse(end) : Date.now()) - Date.parse(start)) / 1000).toFixed(1)
}
