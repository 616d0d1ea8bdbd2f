// `landfall media`: installer ISOs that machines boot Anaconda from.
import type { Command } from 'commander'
import { z } from 'zod'
import { formatBytes } from '../../contract/bytes.ts'
import { Media, MediaProgress } from '../../contract/media.ts'
import type { ApiClient } from '../client.ts'
import { formatAge, printObject, printRows, shortDigest } from '../output.ts'
import type { Column } from '../output.ts'
import { progressLine } from '../progress.ts'
import type { ProgressLine } from '../progress.ts'
import { openFile, sending } from '../sending.ts'
import { withClient } from './context.ts'

const COLUMNS: Column<Media>[] = [
  { title: 'ID', value: ({ id }) => id },
  { title: 'PRODUCT', value: ({ product, version }) => `${product} ${version}` },
  { title: 'KICKSTART', value: ({ release }) => release },
  { title: 'ARCH', value: ({ architecture }) => architecture },
  { title: 'SIZE', value: ({ sizeBytes }) => formatBytes(sizeBytes) },
  { title: 'CHECKSUM', value: ({ checksum }) => checksum },
  { title: 'USED BY', value: ({ users }) => String(users) },
  { title: 'IMPORTED', value: ({ importedAt }) => formatAge(importedAt) },
]

export function addMediaCommands(program: Command): void {
  const media = program.command('media').description('boot media: installer ISOs of Fedora and RHEL’s family')

  media
    .command('import')
    .description('take in a boot, netinst or DVD ISO')
    .argument('<iso>', 'file; - reads it from standard input')
    .option('--name <text>', 'what to call it; by default product, version and architecture')
    .action(async (path: string, options: { name?: string }, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const query = options.name === undefined ? '' : `?${new URLSearchParams({ name: options.name })}`
        const file = await openFile(path)
        const sent = progressLine()
        const body = {
          stream: sending(file, sent),
          type: 'application/octet-stream',
          ...(file.totalBytes > 0 && { length: file.totalBytes }),
        }
        const found = await operate(client, `/media/import${query}`, body, sent)
        for (const { warnings } of found) for (const warning of warnings) console.error(`Warning: ${warning}`)
        printRows(output, found, COLUMNS)
      }),
    )

  media
    .command('list')
    .alias('ls')
    .description('boot media here')
    .action(async (_: unknown, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const items = await client.list('/media', Media)
        printRows(output, items, COLUMNS)
      }),
    )

  media
    .command('show')
    .description('one boot medium: what it is, its files')
    .argument('<id>', 'as `landfall media list` shows it')
    .action(async (id: string, _: unknown, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const found = await client.call('GET', `/media/${encodeURIComponent(id)}`, Media)
        printObject(output, found, describeMedia(found))
      }),
    )

  media
    .command('verify')
    .description('read ISO and files again and compare them with what was imported')
    .argument('<id>', 'as `landfall media list` shows it')
    .action(async (id: string, _: unknown, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const found = await operate(client, `/media/${encodeURIComponent(id)}/verify`, { json: undefined })
        printRows(output, found, COLUMNS)
      }),
    )

  media
    .command('remove')
    .alias('rm')
    .description('remove a boot medium and its files')
    .argument('<id>', 'as `landfall media list` shows it')
    .option('--force', 'also when profiles or machines name it')
    .action(async (id: string, options: { force?: boolean }, command: Command) =>
      withClient(command, async ({ client }) => {
        const query = options.force ? '?force=true' : ''
        await client.call('DELETE', `/media/${encodeURIComponent(id)}${query}`, z.unknown())
      }),
    )
}

/** Shows the server's progress on a line of its own for each phase; while bytes are sent, `sent` tells enough. */
async function operate(
  client: ApiClient,
  path: string,
  body: Parameters<ApiClient['operate']>[1],
  sent?: ProgressLine,
): Promise<Media[]> {
  let shown = { phase: 'receive', line: sent ?? progressLine() }
  try {
    const done = await client.operate(path, body, MediaProgress, ({ phase, bytes, totalBytes, message }) => {
      if (phase === 'receive') return
      if (phase !== shown.phase) {
        shown.line.end()
        shown = { phase, line: progressLine() }
      }
      shown.line.update(bytes, totalBytes, message)
    })
    return done.map(({ media }) => media)
  } finally {
    shown.line.end()
  }
}

function describeMedia(media: Media): [string, string][] {
  const { boot, files, checksum } = media
  const implanted = { verified: 'implanted checksum verified', absent: 'no implanted checksum' }[checksum]
  return [
    ['Medium', media.id],
    ['Name', media.name],
    ['Product', `${media.product} ${media.version} for ${media.architecture}`],
    ['Kickstart', media.release],
    ['Volume', media.volumeId],
    ['ISO', `${formatBytes(media.sizeBytes)}, ${media.digest}, ${implanted}`],
    ['Imported', media.importedAt],
    ['Used by', `${media.users} profiles and machines`],
    ...Object.entries(boot).map(([what, path]): [string, string] => [`  ${what}`, path ?? 'none']),
    ['Files', `${files.length}, ${formatBytes(files.reduce((sum, { size }) => sum + size, 0))}`],
    ...files.map(({ path, size, digest }): [string, string] => [
      `  ${path}`,
      `${formatBytes(size)}, ${shortDigest(digest)}`,
    ]),
    ...media.warnings.map((warning): [string, string] => ['Warning', warning]),
  ]
}
