// `landfall wait`: until machines are as they should be, for scripts and pipelines.
import { setTimeout } from 'node:timers/promises'
import type { Command } from 'commander'
import { MachineSummary } from '../../contract/machine.ts'
import type { ApiClient } from '../client.ts'
import { parseDuration } from '../duration.ts'
import { CliError } from '../errors.ts'
import { addFilterOptions, filterOf } from '../filter-options.ts'
import type { FilterOptions } from '../filter-options.ts'
import { allMachines, findMachine } from '../machine-lookup.ts'
import { printRows } from '../output.ts'
import { patiently } from '../patience.ts'
import { countLine } from '../progress.ts'
import { parseCondition } from '../wait-condition.ts'
import { withClient } from './context.ts'

type WaitOptions = FilterOptions & { for: string; timeout: string }

const PAUSE_MS = 1000
/** More machines than these are looked up as a list. */
const FEW = 20

export function addWaitCommand(program: Command): void {
  addFilterOptions(
    program
      .command('wait')
      .description(
        'wait until machines are in a state or run an image; ends with 1 if one fails, with 5 if time runs out',
      )
      .argument('[machine...]', 'ids, names, MACs or serials'),
  )
    .requiredOption('--for <condition>', 'state=deployed (several: state=ready,discovered) or digest=sha256:...')
    .option('--timeout <time>', 'give up after this long: 90s, 30m, 2h', '1h')
    .action(async (names: string[], options: WaitOptions, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const condition = parseCondition(options.for)
        const deadline = Date.now() + parseDuration('--timeout', options.timeout)
        const ids = await chosen(client, names, options)
        const line = countLine(options.for)
        const states = new Map<string, string>()
        try {
          for (;;) {
            const machines = await patiently(() => look(client, ids), { deadline })
            for (const { id, name, state } of machines) {
              if (!process.stderr.isTTY && states.get(id) !== state) console.error(`${name} is ${state}`)
              states.set(id, state)
            }
            const met = machines.filter((machine) => condition.isMet(machine))
            const spoiled = machines.filter(
              (machine) => !condition.isMet(machine) && condition.spoiled(machine) !== undefined,
            )
            line.update(met.length, ids.length)
            if (met.length + spoiled.length === ids.length || Date.now() + PAUSE_MS > deadline) {
              line.end()
              printRows(output, machines, [
                { title: 'MACHINE', value: ({ name }) => name },
                { title: 'STATE', value: ({ state }) => state },
                { title: options.for, value: (machine) => (met.includes(machine) ? 'yes' : 'no') },
                { title: 'WHY', value: (machine) => (met.includes(machine) ? '' : (condition.spoiled(machine) ?? '')) },
              ])
              return end({ wanted: ids.length, met: met.length, spoiled: spoiled.length, options })
            }
            await setTimeout(PAUSE_MS)
          }
        } finally {
          line.end()
        }
      }),
    )
}

interface Outcome {
  wanted: number
  met: number
  spoiled: number
  options: WaitOptions
}

/** Throws CliError 1 when machines failed, 5 when time ran out. */
function end({ wanted, met, spoiled, options }: Outcome): void {
  if (met === wanted) return
  if (spoiled > 0) throw new CliError(`${spoiled} of ${wanted} machines will not be ${options.for}`)
  throw new CliError(`${wanted - met} of ${wanted} machines are not ${options.for} after ${options.timeout}`, {
    exitCode: 5,
  })
}

/** Those that the names or the filter mean now: a machine that changes its state stays one of them. */
async function chosen(client: ApiClient, names: string[], options: WaitOptions): Promise<string[]> {
  const filter = filterOf(options)
  if ((filter === undefined) === (names.length === 0)) {
    throw new CliError('name machines, or choose them by a filter', { exitCode: 2 })
  }
  const found = filter
    ? await allMachines(client, filter)
    : await Promise.all(names.map((name) => findMachine(client, name)))
  if (found.length === 0) throw new CliError('the filter means no machine')
  return [...new Set(found.map(({ id }) => id))]
}

async function look(client: ApiClient, ids: readonly string[]): Promise<MachineSummary[]> {
  if (ids.length <= FEW) return Promise.all(ids.map((id) => client.call('GET', `/machines/${id}`, MachineSummary)))
  const wanted = new Set(ids)
  return (await allMachines(client, {})).filter(({ id }) => wanted.has(id))
}
