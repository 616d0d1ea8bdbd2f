// `landfall profile`: specs that machines share by their labels.
import type { Command } from 'commander'
import { z } from 'zod'
import type { NotApplied } from '../../blueprint/outcome.ts'
import { Profile } from '../../contract/machine.ts'
import { ifUnchanged } from '../client.ts'
import type { ApiClient } from '../client.ts'
import { CliError } from '../errors.ts'
import { printObject, printRows } from '../output.ts'
import type { Column, OutputFormat } from '../output.ts'
import { addSpecOptions, formatLabels, parseLabels, specWith } from '../spec-options.ts'
import type { SpecOptions } from '../spec-options.ts'
import { withClient } from './context.ts'

interface ProfileOptions extends SpecOptions {
  label?: string[]
  priority?: string
}

const COLUMNS: Column<Profile>[] = [
  { title: 'NAME', value: ({ name }) => name },
  { title: 'PRIORITY', value: ({ priority }) => String(priority) },
  { title: 'MACHINES WITH', value: ({ selector }) => labelsText(selector) },
  { title: 'IMAGE', value: ({ spec }) => spec.image ?? '-' },
  { title: 'SETS', value: ({ spec }) => Object.keys(spec).join(',') || '-' },
]

export function addProfileCommands(program: Command): void {
  const profile = program.command('profile').description('specs that machines share by their labels')

  profile
    .command('list')
    .alias('ls')
    .description('all profiles')
    .action(async (_: unknown, command: Command) =>
      withClient(command, async ({ client, output }) => printRows(output, await allProfiles(client), COLUMNS)),
    )

  profile
    .command('show')
    .description('one profile and its spec')
    .argument('<profile>', 'name or id')
    .action(async (name: string, _: unknown, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const found = await findProfile(client, name)
        printObject(output, found, describe(found))
      }),
    )

  const create = profile
    .command('create')
    .description('add a profile')
    .argument('<name>')
    .option('--label <key=value...>', 'machines with all of these labels have it; without any, every machine has')
    .option('--priority <number>', 'where profiles set the same value, the higher one wins (default: 0)')
  addSpecOptions(create).action(async (name: string, options: ProfileOptions, command: Command) =>
    withClient(command, async ({ client, output }) => {
      const made = await specWith({}, options)
      const body = { name, selector: {}, priority: 0, ...fields(options), spec: made?.spec ?? {} }
      printProfile(output, await client.call('POST', '/profiles', Profile, body), made?.notApplied)
    }),
  )

  const configure = profile
    .command('configure')
    .description("change a profile; has effect with each machine's next install")
    .argument('<profile>', 'name or id')
    .option('--label <key=value...>', 'machines with all of these labels have it')
    .option('--priority <number>', 'where profiles set the same value, the higher one wins')
  addSpecOptions(configure).action(async (name: string, options: ProfileOptions, command: Command) =>
    withClient(command, async ({ client, output }) => {
      const before = await findProfile(client, name)
      const made = await specWith(before.spec, options)
      const body = { ...fields(options), ...(made && { spec: made.spec }) }
      const changed = await client.call('PATCH', `/profiles/${before.id}`, Profile, body, ifUnchanged(before))
      printProfile(output, changed, made?.notApplied)
    }),
  )

  profile
    .command('remove')
    .alias('rm')
    .description('remove a profile; what it installed stays')
    .argument('<profile>', 'name or id')
    .action(async (name: string, _: unknown, command: Command) =>
      withClient(command, async ({ client }) => {
        const { id } = await findProfile(client, name)
        await client.call('DELETE', `/profiles/${id}`, z.unknown())
      }),
    )
}

/** What is not given is left out, so that it stays as it is. */
function fields({ label, priority }: ProfileOptions): { selector?: Record<string, string>; priority?: number } {
  const number = Number(priority)
  if (priority !== undefined && !Number.isInteger(number)) {
    throw new CliError(`--priority ${priority}: want a whole number`, { exitCode: 2 })
  }
  return {
    ...(label !== undefined && { selector: parseLabels(label) }),
    ...(priority !== undefined && { priority: number }),
  }
}

async function allProfiles(client: ApiClient): Promise<Profile[]> {
  return client.list('/profiles', Profile)
}

async function findProfile(client: ApiClient, text: string): Promise<Profile> {
  const found = (await allProfiles(client)).find(({ id, name }) => id === text || name === text)
  if (found) return found
  throw new CliError(`no profile ${text}`, { hint: '`landfall profile list` shows them all' })
}

function printProfile(output: OutputFormat, profile: Profile, notApplied: NotApplied[] = []): void {
  printObject(output, { ...profile, notApplied }, describe(profile))
}

function describe(profile: Profile): [string, string][] {
  return [
    ['Name', profile.name],
    ['Id', profile.id],
    ['Machines', labelsText(profile.selector)],
    ['Priority', String(profile.priority)],
    ...Object.entries(profile.spec).map(([name, value]): [string, string] => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  ]
}

function labelsText(labels: Record<string, string>): string {
  return formatLabels(labels) || 'every machine'
}
