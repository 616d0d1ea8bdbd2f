// `landfall webhook`: who was told of the ends of installs, and telling them again.
import { Option } from 'commander'
import type { Command } from 'commander'
import { ReplayResult, Webhook, WebhookDelivery } from '../../contract/webhook.ts'
import type { ReplayRequest } from '../../contract/webhook.ts'
import type { ApiClient } from '../client.ts'
import { CliError } from '../errors.ts'
import { printRows } from '../output.ts'
import type { Column, OutputFormat } from '../output.ts'
import { withClient } from './context.ts'

const COLUMNS: Column<WebhookDelivery>[] = [
  { title: 'NO', value: ({ seq }) => String(seq) },
  { title: 'TIME', value: ({ createdAt }) => createdAt },
  { title: 'EVENT', value: ({ eventSeq }) => String(eventSeq) },
  { title: 'TYPE', value: ({ event }) => event },
  { title: 'STATE', value: ({ state }) => state },
  { title: 'TRIES', value: ({ attempts }) => String(attempts) },
  { title: 'RECEIVER', value: ({ url }) => url },
  { title: 'WHY', value: ({ trouble, replayedBy }) => trouble ?? (replayedBy === null ? '' : `for ${replayedBy}`) },
]

interface ListOptions {
  url?: string
  state?: string
  limit: string
}

interface ReplayOptions {
  after?: string
  url?: string
}

export function addWebhookCommands(program: Command): void {
  const webhook = program
    .command('webhook')
    .description('webhooks that specs name: what was sent, and sending it again')

  webhook
    .command('list')
    .alias('ls')
    .description('receivers that were told something')
    .action(async (_: unknown, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const items = await client.list('/webhooks', Webhook)
        printRows(output, items, [
          { title: 'RECEIVER', value: ({ url }) => url },
          { title: 'DELIVERED', value: ({ delivered }) => String(delivered) },
          { title: 'PENDING', value: ({ pending }) => String(pending) },
          { title: 'FAILED', value: ({ failed }) => String(failed) },
          { title: 'LAST', value: ({ lastAt }) => lastAt },
        ])
      }),
    )

  webhook
    .command('deliveries')
    .description('what was sent and what came of it, newest first')
    .option('--url <url>', 'to this receiver')
    .addOption(new Option('--state <state>', 'in this state').choices(WebhookDelivery.shape.state.options))
    .option('--limit <number>', 'how many, at most 1000', '50')
    .action(async ({ url, state, limit }: ListOptions, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const query = new URLSearchParams({
          limit,
          ...(url !== undefined && { url }),
          ...(state !== undefined && { state }),
        })
        const items = await client.list(`/webhooks/deliveries?${query}`, WebhookDelivery)
        printRows(output, items, COLUMNS)
      }),
    )

  webhook
    .command('replay')
    .description('send deliveries again, or tell of all installs that ended after an event')
    .argument('[delivery...]', 'numbers of deliveries')
    .option('--after <event>', 'number of an event; 0 for all that is known')
    .option('--url <url>', 'with --after: only to this receiver')
    .action(async (numbers: string[], options: ReplayOptions, command: Command) =>
      withClient(command, async ({ client, output }) => replay(client, numbers, options, output)),
    )
}

async function replay(client: ApiClient, numbers: string[], { after, url }: ReplayOptions, output: OutputFormat) {
  if ((after === undefined) === (numbers.length === 0)) {
    throw new CliError('name deliveries, or an event with --after', { exitCode: 2 })
  }
  const send = (request: ReplayRequest) => client.call('POST', '/webhooks/replay', ReplayResult, request)
  const made: WebhookDelivery[] = []
  for (const text of numbers) made.push(...(await send({ delivery: numberOf('delivery', text) })).deliveries)
  let from = after === undefined ? undefined : numberOf('--after', after)
  while (from !== undefined) {
    const { deliveries, lastEvent, more } = await send({ after: from, ...(url !== undefined && { url }) })
    made.push(...deliveries)
    from = more ? lastEvent : undefined
  }
  printRows(output, made, COLUMNS)
}

function numberOf(what: string, text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new CliError(`${what}: ${text} is no number`, { exitCode: 2, hint: 'see `landfall webhook deliveries`' })
}
