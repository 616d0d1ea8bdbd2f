// `landfall machine assign|reinstall|label|retire`: one change to machines by name, or to all that a filter means.
import type { Command } from 'commander'
import { BulkResult } from '../../contract/machine-bulk.ts'
import type { BulkAction, BulkRequest } from '../../contract/machine-bulk.ts'
import type { PartialSpec } from '../../contract/spec.ts'
import type { ApiClient } from '../client.ts'
import { CliError } from '../errors.ts'
import { addFilterOptions, collect, filterOf } from '../filter-options.ts'
import type { FilterOptions } from '../filter-options.ts'
import { countMachines, findMachine } from '../machine-lookup.ts'
import { printRows } from '../output.ts'
import { parseLabels, parseSpec } from '../spec-options.ts'
import { withClient } from './context.ts'

type ChoiceOptions = FilterOptions & { expect?: string }

export function addMachineBulkCommands(machine: Command): void {
  const assign = machine
    .command('assign')
    .description('install an image on machines: at once if they wait, else at their next network boot')
    .argument('<image>', 'repository:tag or repository@digest')
  addChoice(assign)
    .option('--disk-serial <serial>', 'install on the disk with this serial number')
    .option('--filesystem <kind>', 'root file system: xfs, ext4, btrfs')
    .option('--hostname <name>')
    .option('--root-ssh-key <key...>', 'public keys that may log in as root')
    .option('--karg <argument...>', 'additional kernel arguments')
    .option('--finish <how>', 'at the end: reboot, poweroff, or kexec into the system without starting the firmware')
    .option('--spec <json>', 'any other part of the spec, as JSON or as @FILE with it')
    .action(async (image: string, names: string[], options: ChoiceOptions & AssignOptions, command: Command) => {
      const spec = specOf(options)
      await change(command, names, options, {
        type: 'assign',
        image,
        ...(Object.keys(spec).length > 0 && { spec }),
      })
    })

  addChoice(
    machine.command('reinstall').description('install the wanted image again on machines, as a new generation'),
  ).action((names: string[], options: ChoiceOptions, command: Command) =>
    change(command, names, options, { type: 'reinstall' }),
  )

  addChoice(machine.command('label').description('set and remove labels of machines'))
    .option('--set <key=value>', 'a label to set, again for more', collect)
    .option('--remove <key>', 'a label to remove, again for more', collect)
    .action(async (names: string[], options: ChoiceOptions & LabelOptions, command: Command) => {
      const { set = [], remove = [] } = options
      if (set.length + remove.length === 0) {
        throw new CliError('nothing to change: give --set or --remove', { exitCode: 2 })
      }
      await change(command, names, options, { type: 'label', set: parseLabels(set), remove })
    })

  addChoice(
    machine.command('retire').description('take machines out of service: they are no longer booted or installed'),
  ).action((names: string[], options: ChoiceOptions, command: Command) =>
    change(command, names, options, { type: 'retire' }),
  )
}

interface LabelOptions {
  set?: string[]
  remove?: string[]
}

interface AssignOptions {
  diskSerial?: string
  filesystem?: string
  hostname?: string
  rootSshKey?: string[]
  karg?: string[]
  finish?: string
  spec?: string
}

function addChoice(command: Command): Command {
  return addFilterOptions(command.argument('[machine...]', 'ids, names, MACs or serials')).option(
    '--expect <count>',
    'how many machines the filter means; nothing is done if it means another number',
  )
}

async function change(command: Command, names: string[], options: ChoiceOptions, action: BulkAction): Promise<void> {
  await withClient(command, async ({ client, output }) => {
    const request: BulkRequest = { ...(await chosen(client, names, options)), action }
    const { results } = await client.call('POST', '/machines/bulk', BulkResult, request)
    printRows(output, results, [
      { title: 'MACHINE', value: ({ name, machineId }) => name ?? machineId },
      { title: 'INSTALL', value: ({ installId }) => installId ?? '-' },
      { title: 'RESULT', value: ({ error }) => error?.message ?? DONE[action.type] },
    ])
    const failed = results.filter(({ error }) => error !== null).length
    if (failed > 0) throw new CliError(`${failed} of ${results.length} machines refused`)
  })
}

const DONE = {
  assign: 'assigned',
  reinstall: 'assigned',
  label: 'labelled',
  retire: 'retired',
} as const satisfies Record<BulkAction['type'], string>

/** Machines by name, or a filter with the number of machines that the person saw. */
async function chosen(
  client: ApiClient,
  names: string[],
  options: ChoiceOptions,
): Promise<Pick<BulkRequest, 'machines' | 'filter' | 'expected'>> {
  const filter = filterOf(options)
  if (filter === undefined) {
    if (names.length === 0) throw new CliError('name machines, or choose them by a filter', { exitCode: 2 })
    return { machines: await Promise.all(names.map(async (name) => (await findMachine(client, name)).id)) }
  }
  if (names.length > 0) throw new CliError('name machines or give a filter, not both', { exitCode: 2 })
  if (options.expect !== undefined && /^[1-9]\d*$/.test(options.expect)) {
    return { filter, expected: Number(options.expect) }
  }
  const count = await countMachines(client, filter)
  if (count === 0) throw new CliError('the filter means no machine', { hint: '`landfall machine list` takes it too' })
  const hint = `look at them with \`landfall machine list\`, then add --expect ${count}`
  throw new CliError(`the filter means ${count} machines: say that you expect that`, { exitCode: 2, hint })
}

function specOf(options: AssignOptions): PartialSpec {
  const base = parseSpec(options.spec)
  const disks = {
    ...base.disks,
    ...(options.diskSerial !== undefined && { disk: { serial: options.diskSerial } }),
    ...(options.filesystem !== undefined && { filesystem: options.filesystem as 'xfs' }),
  }
  return {
    ...base,
    ...(Object.keys(disks).length > 0 && { disks }),
    ...(options.hostname !== undefined && { hostname: options.hostname }),
    ...(options.rootSshKey !== undefined && { rootSshKeys: options.rootSshKey }),
    ...(options.karg !== undefined && { kernelArguments: options.karg }),
    ...(options.finish !== undefined && { finish: options.finish as 'reboot' }),
  }
}
