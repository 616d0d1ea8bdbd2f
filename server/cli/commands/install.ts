// `landfall install`: runs of the installer.
import { formatBytes } from '../../contract/bytes.ts'
import type { Command } from 'commander'
import { z } from 'zod'
import { Install, RecoveryKey } from '../../contract/install.ts'
import { trustSentence, trustWord } from '../../contract/trust-text.ts'
import { printData, printObject, printRows, shortDigest, table } from '../output.ts'
import { withClient } from './context.ts'
import { findMachine } from '../machine-lookup.ts'

const LogPage = z.object({
  items: z.array(z.object({ seq: z.number(), at: z.string(), level: z.string(), text: z.string() })),
})

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
        const { items } = await client.call('GET', `/machines/${id}/installs`, z.object({ items: z.array(Install) }))
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
    .description('one install: steps with times and bytes, outcome')
    .argument('<install>', 'id of the install')
    .action(async (id: string, _: unknown, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const found = await client.call('GET', `/installs/${encodeURIComponent(id)}`, Install)
        printObject(output, found, [
          ['Install', found.id],
          ['State', found.state],
          ['Image', `${found.image} ${found.digest}`],
          ['Trust', found.trust ? `${trustWord(found.trust)}: ${trustSentence(found.trust)}` : '-'],
          ...(found.plan?.disks ?? []).map(({ device, disk }): [string, string] => [
            'Disk',
            `${device} serial ${disk.serial ?? '-'}`,
          ]),
          ['Confirmed', found.confirmedDigest ?? '-'],
          ...(found.failure
            ? [['Failure', `${found.failure.code}: ${found.failure.message}`] as [string, string]]
            : []),
        ])
        if (output === 'table') console.log(`\n${stepTable(found)}`)
      }),
    )

  install
    .command('recovery-key')
    .description('show the recovery key of the encrypted disks; the server forgets it then')
    .argument('<install>', 'id of the install')
    .action(async (id: string, _: unknown, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const found = await client.call('POST', `/installs/${encodeURIComponent(id)}/recovery-key`, RecoveryKey)
        printObject(output, found, [['Recovery key', found.key]])
      }),
    )

  install
    .command('log')
    .description("the installer's log")
    .argument('<install>', 'id of the install')
    .action(async (id: string, _: unknown, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const { items } = await client.call('GET', `/installs/${encodeURIComponent(id)}/log`, LogPage)
        if (printData(output, items)) return
        for (const { at, level, text } of items) console.log(`${at} ${level.padEnd(5)} ${text}`)
      }),
    )
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
