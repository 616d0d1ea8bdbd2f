// `landfall image track`: tags that follow one of another registry.
import type { Command } from 'commander'
import { z } from 'zod'
import { ImageHistory, ImageTrack } from '../../contract/image-track.ts'
import type { TrackedDigest } from '../../contract/image-track.ts'
import { formatAge, printData, printObject, printRows, printText } from '../output.ts'
import type { Column } from '../output.ts'
import { withClient } from './context.ts'

const TRACKS: Column<ImageTrack>[] = [
  { title: 'IMAGE', value: ({ reference }) => reference },
  { title: 'FOLLOWS', value: ({ source }) => source },
  { title: 'EVERY', value: ({ every }) => every },
  { title: 'LOOKED', value: ({ checkedAt }) => formatAge(checkedAt) },
  { title: 'PROBLEM', value: ({ problem }) => problem?.code ?? '-' },
]

const DIGESTS: Column<TrackedDigest>[] = [
  { title: 'DIGEST', value: ({ digest }) => digest },
  { title: 'SINCE', value: ({ at }) => at },
  { title: 'OUTCOME', value: ({ outcome, message }) => (message ? `${outcome}: ${message}` : outcome) },
]

interface TrackOptions {
  every: string
  as?: string
  insecure?: boolean
  arch?: string[]
}

export function addTrackCommands(image: Command): void {
  image
    .command('track')
    .description('follow a tag of a registry: looked up every so often, pulled and judged when it has moved')
    .argument('<reference>', 'with its registry: registry.example/os/web:stable')
    .requiredOption('--every <time>', 'how often to look: 30m, 6h, 1d')
    .option('--as <repository[:tag]>', 'what to call it here')
    .option('--insecure', 'speak plain HTTP to the registry')
    .option('--arch <architecture...>', 'only these architectures of a multi-architecture image')
    .action(async (reference: string, { arch, ...options }: TrackOptions, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const request = { reference, ...options, ...(arch && { architectures: arch }) }
        const track = await client.call('POST', '/image-tracks', ImageTrack, request)
        const text = `${track.reference} ${followsText(track)}; \`landfall image history ${track.reference}\` shows how it goes`
        printText(output, track, text)
      }),
    )

  image
    .command('tracks')
    .description('tags that follow one of another registry')
    .action(async (_: unknown, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const items = await client.list('/image-tracks', ImageTrack)
        printRows(output, items, TRACKS)
      }),
    )

  image
    .command('untrack')
    .description('follow no more; the image stays, its history goes')
    .argument('<image>', 'repository:tag')
    .action(async (reference: string, _: unknown, command: Command) =>
      withClient(command, async ({ client, output }) => {
        await client.call('DELETE', `/image-tracks/${encodeURIComponent(reference)}`, z.unknown())
        printText(output, { untracked: reference }, `${reference} follows nothing any more`)
      }),
    )

  image
    .command('history')
    .description('the digests that a followed tag stood for, the newest first')
    .argument('<image>', 'repository:tag')
    .action(async (reference: string, _: unknown, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const history = await client.call('GET', `/image-tracks/${encodeURIComponent(reference)}`, ImageHistory)
        if (printData(output, history)) return
        const { track, digests } = history
        printObject(output, track, [
          ['Image', track.reference],
          ['Follows', track.source],
          ['Every', track.every],
          ...(track.problem ? [['Problem', track.problem.message] as [string, string]] : []),
          ['Looked', track.checkedAt ?? 'not yet'],
          ['Next', track.nextAt],
        ])
        printRows(output, digests, DIGESTS)
      }),
    )
}

export function followsText({ source, every, problem }: ImageTrack): string {
  return `follows ${source} every ${every}${problem ? `: ${problem.message}` : ''}`
}
