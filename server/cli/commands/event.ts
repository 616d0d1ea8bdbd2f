// `landfall event`: what happened, and what happens now.
import { Option } from 'commander'
import type { Command } from 'commander'
import { Event, EventType } from '../../contract/event.ts'
import type { ApiClient } from '../client.ts'
import { createMessageCutter } from '../../contract/message-cutter.ts'
import { findMachine } from '../machine-lookup.ts'
import { printRows } from '../output.ts'
import type { Column, OutputFormat } from '../output.ts'
import { patiently } from '../patience.ts'
import { toYaml } from '../../contract/yaml-text.ts'
import { withClient } from './context.ts'

const COLUMNS: Column<Event>[] = [
  { title: 'NO', value: ({ seq }) => String(seq) },
  { title: 'TIME', value: ({ at }) => at },
  { title: 'TYPE', value: ({ type }) => type },
  { title: 'WHO', value: ({ actor }) => actor },
  { title: 'WHAT', value: ({ message }) => message },
]

/** No log reaches so far: the server answers where it ends, and nothing from then on is missed. */
const BEYOND = String(Number.MAX_SAFE_INTEGER)

interface FollowOptions {
  machine?: string
  type?: string[]
  after?: string
}

export function addEventCommands(program: Command): void {
  const event = program.command('event').description('what happened, and what happens now')

  event
    .command('list')
    .alias('ls')
    .description("a machine's history, oldest first")
    .argument('<machine>', 'id, name, MAC or serial')
    .option('--limit <number>', 'how many of the newest, at most 1000', '100')
    .action(async (name: string, { limit }: { limit: string }, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const { id } = await findMachine(client, name)
        const path = `/machines/${id}/events?${new URLSearchParams({ limit })}`
        const items = await client.list(path, Event)
        printRows(output, items.toReversed(), COLUMNS)
      }),
    )

  event
    .command('follow')
    .description('everything that happens, as it happens; misses nothing while the server restarts')
    .option('--machine <machine>', 'only what concerns this machine')
    .addOption(new Option('--type <type...>', 'only events of these types').choices(EventType.options))
    .option('--after <number>', 'begin with the event after this one instead of the next that happens')
    .action(async (options: FollowOptions, command: Command) =>
      withClient(command, async ({ client, output }) => follow(client, options, output)),
    )
}

/** Goes on after the last event seen whenever the connection ends. */
async function follow(client: ApiClient, { machine, type = [], after }: FollowOptions, output: OutputFormat) {
  const query = new URLSearchParams(type.map((one): [string, string] => ['type', one]))
  if (machine !== undefined) query.set('machine', (await findMachine(client, machine)).id)
  query.set('after', after ?? BEYOND)
  for (;;) {
    await patiently(async () => {
      const cut = createMessageCutter()
      for await (const text of client.follow(`/events?${query}`)) {
        for (const { event, id, data } of cut(text)) {
          if (id !== undefined) query.set('after', id)
          if (event !== 'reset') printEvent(Event.parse(JSON.parse(data)), output)
        }
      }
    })
  }
}

/** One line of JSON, one document of YAML, one line for people. */
function printEvent(event: Event, output: OutputFormat): void {
  if (output === 'json') console.log(JSON.stringify(event))
  else if (output === 'yaml') console.log(`---\n${toYaml(event)}`)
  else if (output === 'name') console.log(String(event.seq))
  else console.log(COLUMNS.map(({ value }) => value(event)).join('  '))
}
