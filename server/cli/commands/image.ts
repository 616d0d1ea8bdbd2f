// `landfall image`: what machines can become.
import { formatBytes } from '../../contract/bytes.ts'
import { stat } from 'node:fs/promises'
import type { Command } from 'commander'
import { z } from 'zod'
import { Image, ImageProgress } from '../../contract/image.ts'
import { CheckLine, CollectLine, ImageRoom } from '../../contract/image-upkeep.ts'
import type { CachedImage } from '../../contract/image-upkeep.ts'
import { arrivalText } from '../../contract/arrival-text.ts'
import { trustSentence, trustWord } from '../../contract/trust-text.ts'
import { layoutArchive } from '../layout-archive.ts'
import { formatAge, printData, printObject, printRows, printText, shortDigest } from '../output.ts'
import type { Column, OutputFormat } from '../output.ts'
import { countLine, progressLine } from '../progress.ts'
import { openFile, sending } from '../sending.ts'
import type { Sendable } from '../sending.ts'
import { withClient } from './context.ts'
import { addInspectCommands } from './image-inspect.ts'
import { addTrackCommands, followsText } from './image-track.ts'

const COLUMNS: Column<Image>[] = [
  { title: 'IMAGE', value: ({ reference }) => reference },
  { title: 'DIGEST', value: ({ digest }) => shortDigest(digest) },
  { title: 'ARCH', value: ({ platforms }) => platforms.map(({ architecture }) => architecture).join(',') || 'damaged' },
  { title: 'SIZE', value: ({ platforms }) => formatBytes(Math.max(0, ...platforms.map(({ size }) => size))) },
  { title: 'BOOTABLE', value: ({ platforms }) => (platforms.some(({ bootable }) => bootable) ? 'yes' : 'no') },
  { title: 'TRUST', value: trustOf },
  { title: 'MACHINES', value: ({ machines }) => String(machines) },
  { title: 'ADDED', value: ({ addedAt }) => formatAge(addedAt) },
]

const GONE: Column<{ name: string; bytes: number | null; why: string }>[] = [
  { title: 'GOES', value: ({ name }) => name },
  { title: 'SIZE', value: ({ bytes }) => (bytes === null ? '-' : formatBytes(bytes)) },
  { title: 'WHY', value: ({ why }) => why },
]

const EVICTED: Column<ImageRoom['evicted'][number]>[] = [
  { title: 'WENT', value: ({ reference }) => reference },
  { title: 'SIZE', value: ({ bytes }) => formatBytes(bytes) },
  { title: 'WHEN', value: ({ at }) => formatAge(at) },
  { title: 'USED BEFORE', value: ({ usedAt }) => (usedAt === null ? '-' : formatAge(usedAt)) },
]

const NEXT: Column<CachedImage>[] = [
  { title: 'STAYS', value: cachedName },
  { title: 'SIZE', value: ({ bytes }) => formatBytes(bytes) },
  { title: 'USED', value: ({ usedAt }) => formatAge(usedAt) },
  { title: 'WHEN ROOM IS WANTED', value: ({ kept }) => (kept === null ? 'goes' : `stays: ${kept}`) },
]

export function addImageCommands(program: Command): void {
  const image = program.command('image').description('bootable container images in the store')

  image
    .command('import')
    .description('store an OCI image layout (directory) or archive (.tar, also gzip or zstd)')
    .argument('<path>', 'directory or archive; - reads an archive from standard input')
    .option('--as <repository[:tag]>', 'what to call it; the archive may name it itself')
    .action(async (path: string, options: { as?: string }, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const query = options.as === undefined ? '' : `?${new URLSearchParams({ as: options.as })}`
        const archive = await openArchive(path)
        const line = progressLine()
        const body = { stream: sending(archive, line), type: 'application/x-tar' }
        const done = await client
          .operate(`/images/import${query}`, body, ImageProgress, () => {})
          .finally(() => line.end())
        printImages(output, done)
      }),
    )

  image
    .command('pull')
    .description('copy an image from a registry into the store')
    .argument('<reference>', 'with its registry: registry.example/os/web:stable')
    .option('--as <repository[:tag]>', 'what to call it here')
    .option('--insecure', 'speak plain HTTP to the registry')
    .option('--arch <architecture...>', 'only these architectures of a multi-architecture image')
    .action(
      async (reference: string, options: { as?: string; insecure?: boolean; arch?: string[] }, command: Command) =>
        withClient(command, async ({ client, output }) => {
          const { arch: architectures, ...rest } = options
          const line = progressLine()
          const json = { reference, ...rest, ...(architectures && { architectures }) }
          const done = await client
            .operate('/images/pull', { json }, ImageProgress, ({ bytes, totalBytes, message }) =>
              line.update(bytes, totalBytes, message),
            )
            .finally(() => line.end())
          printImages(output, done)
        }),
    )

  image
    .command('prefetch')
    .description('fetch all layers of an image below the prefix of an upstream, so that nobody waits for them')
    .argument('<image>', 'repository:tag here: quay/os/web:stable')
    .action(async (reference: string, _: unknown, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const line = progressLine()
        const done = await client
          .operate('/images/prefetch', { json: { reference } }, ImageProgress, ({ bytes, totalBytes, message }) =>
            line.update(bytes, totalBytes, message),
          )
          .finally(() => line.end())
        printImages(output, done)
      }),
    )

  image
    .command('list')
    .alias('ls')
    .description('images in the store')
    .action(async (_: unknown, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const items = await client.list('/images', Image)
        printRows(output, items, COLUMNS)
      }),
    )

  addTrackCommands(image)
  addInspectCommands(image)

  image
    .command('show')
    .description('one image: platforms, layers, labels, who signed it')
    .argument('<image>', 'repository:tag')
    .action(async (reference: string, _: unknown, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const found = await client.call('GET', `/images/${encodeURIComponent(reference)}`, Image)
        printObject(output, found, [
          ['Image', found.reference],
          ['Digest', found.digest],
          ['Added', found.addedAt],
          ...(found.follows ? [['Tag', followsText(found.follows)] as [string, string]] : []),
          ...found.platforms.flatMap(
            ({ architecture, digest, size, layers, labels, trust, arrival }): [string, string][] => [
              [architecture, `${digest}, ${formatBytes(size)} in ${layers.length} layers`],
              ...(arrival ? [['  here', arrivalText(arrival)] as [string, string]] : []),
              ...(trust ? [[`  ${trustWord(trust)}`, trustSentence(trust)] as [string, string]] : []),
              ...Object.entries(labels).map(([name, value]): [string, string] => [`  ${name}`, value]),
            ],
          ),
        ])
      }),
    )

  image
    .command('delete')
    .alias('rm')
    .description('remove a tag with what it alone points to; its bytes go with the next `image gc`')
    .argument('<image>', 'repository:tag, or repository@digest for a manifest with all its tags')
    .action(async (reference: string, _: unknown, command: Command) =>
      withClient(command, async ({ client, output }) => {
        await client.call('DELETE', `/images/${encodeURIComponent(reference)}`, z.unknown())
        printText(output, { removed: reference }, `removed ${reference}`)
      }),
    )

  image
    .command('room')
    .description('the room that images take, how much they may, and what went last to make some')
    .action(async (_: unknown, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const room = await client.call('GET', '/image-room', ImageRoom)
        if (printData(output, room)) return
        const limit = room.maxBytes === null ? 'without a limit' : `of ${formatBytes(room.maxBytes)}`
        console.log(`stored: ${formatBytes(room.storedBytes)} ${limit}`)
        if (room.evicted.length > 0) printRows(output, room.evicted, EVICTED)
      }),
    )

  image
    .command('gc')
    .description('free the room of what no tag, no machine and no install needs; runs daily by itself')
    .option('--dry-run', 'only tell what would go')
    .action(async ({ dryRun = false }: { dryRun?: boolean }, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const line = countLine(`${dryRun ? 'looking at' : 'collecting'} files`)
        const [done] = await client
          .operate('/images/gc', { json: { dryRun } }, CollectLine, ({ done, total }) => line.update(done, total))
          .finally(() => line.end())
        const { manifests, blobs, bytes, uploads, removed, evicted, images, maxBytes, storedBytes } = done!.report
        if (printData(output, done!.report)) return
        const verb = dryRun ? 'would go' : 'removed'
        const text = `${verb}: ${manifests} manifests and ${blobs} blobs (${formatBytes(bytes)}), ${uploads} abandoned uploads`
        console.log(text)
        if (!dryRun && removed.length + evicted.length === 0) return
        const room = maxBytes === null ? 'without a limit' : `of ${formatBytes(maxBytes)}`
        console.log(`stored then: ${formatBytes(storedBytes)} ${room}`)
        const gone = [
          ...removed.map(({ repository, digest, why }) => ({
            name: `${repository}@${shortDigest(digest)}`,
            bytes: null,
            why,
          })),
          ...evicted.map((one) => ({
            name: cachedName(one),
            bytes: one.bytes,
            why: `to make room, last used ${formatAge(one.usedAt)}`,
          })),
        ]
        if (gone.length > 0) printRows(output, gone, GONE)
        if (dryRun && images.length > 0) printRows(output, images, NEXT)
      }),
    )

  image
    .command('fsck')
    .description('read every image again and compare it with its digests; ends with 1 when something is wrong')
    .option('--repair', 'remove damaged files, so that they can be pushed or pulled again')
    .action(async ({ repair = false }: { repair?: boolean }, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const line = progressLine()
        const [done] = await client
          .operate('/images/fsck', { json: { repair } }, CheckLine, ({ done, total }) =>
            line.update(done, total, 'reading'),
          )
          .finally(() => line.end())
        const { files, bytes, problems } = done!.report
        const found = problems.map(({ kind, message }) => `${kind}: ${message}\n`).join('')
        const verdict = problems.length === 0 ? 'all is well' : `${problems.length} problems`
        printText(output, done!.report, `${found}${files} files with ${formatBytes(bytes)} read: ${verdict}`)
        if (problems.length > 0) process.exitCode = 1
      }),
    )
}

function cachedName({ repository, digest, tags }: CachedImage): string {
  return tags.length === 0 ? `${repository}@${shortDigest(digest)}` : `${repository}:${tags.join(',')}`
}

export function printImages(output: OutputFormat, done: { image: Image }[]): void {
  printRows(
    output,
    done.map(({ image }) => image),
    COLUMNS,
  )
}

/** The worst of its platforms. */
function trustOf({ platforms }: Image): string {
  const words = platforms.map(({ trust }) => trustWord(trust))
  return words.find((word) => word === 'refused') ?? words.find((word) => word !== 'trusted') ?? words[0] ?? '-'
}

async function openArchive(path: string): Promise<Sendable> {
  const isFolder = path !== '-' && (await stat(path).catch(() => undefined))?.isDirectory()
  return isFolder ? layoutArchive(path) : openFile(path)
}
