// `landfall machine`: the inventory.
import { formatBytes } from '../../contract/bytes.ts'
import { setTimeout } from 'node:timers/promises'
import type { Command } from 'commander'
import { z } from 'zod'
import { AssignResult, Machine, MachinePage, MachineState } from '../../contract/machine.ts'
import type { MachineSummary } from '../../contract/machine.ts'
import { StoragePlan } from '../../contract/plan.ts'
import { planRows } from '../../contract/plan-rows.ts'
import type { PartialSpec } from '../../contract/spec.ts'
import { beyondAgent } from '../../contract/agent-limits.ts'
import type { ApiClient } from '../client.ts'
import { CliError } from '../errors.ts'
import { formatAge, printObject, printRows, shortDigest, table } from '../output.ts'
import type { Column } from '../output.ts'
import { addSpecOptions, parseLabels, parseSpec, specWith } from '../spec-options.ts'
import type { SpecOptions } from '../spec-options.ts'
import { withClient } from './context.ts'

const COLUMNS: Column<MachineSummary>[] = [
  { title: 'NAME', value: ({ name }) => name },
  { title: 'STATE', value: ({ state }) => state },
  { title: 'MAC', value: ({ macs }) => macs.join(',') },
  { title: 'SERIAL', value: ({ serial }) => serial ?? '-' },
  { title: 'IMAGE', value: ({ image }) => image ?? '-' },
  { title: 'RUNNING', value: ({ runningDigest }) => shortDigest(runningDigest) },
  { title: 'GEN', value: ({ generation }) => String(generation) },
  { title: 'SEEN', value: ({ lastSeenAt }) => formatAge(lastSeenAt) },
]

/** Returns the command, for what is added below it elsewhere. */
export function addMachineCommands(program: Command): Command {
  const machine = program.command('machine').description('machines: inventory, assignment, plans')

  machine
    .command('list')
    .alias('ls')
    .description('all machines')
    .option('--state <state>', `only machines in this state (${MachineState.options.join(', ')})`)
    .action(async (options: { state?: string }, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const state = options.state === undefined ? undefined : parseState(options.state)
        printRows(output, await allMachines(client, state), COLUMNS)
      }),
    )

  machine
    .command('show')
    .description('one machine: facts, spec, state')
    .argument('<machine>', 'id, name, MAC or serial')
    .action(async (name: string, _: unknown, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const { id } = await findMachine(client, name)
        const found = await client.call('GET', `/machines/${id}`, Machine)
        printObject(output, found, describeMachine(found))
      }),
    )

  machine
    .command('create')
    .description('register a machine before it was ever switched on')
    .requiredOption('--mac <address...>', 'its MAC addresses')
    .option('--name <name>')
    .option('--label <key=value...>')
    .action(async (options: { mac: string[]; name?: string; label?: string[] }, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const labels = parseLabels(options.label ?? [])
        const body = {
          macs: options.mac,
          ...(options.name && { name: options.name }),
          ...(options.label && { labels }),
        }
        const made = await client.call('POST', '/machines', Machine, body)
        printObject(output, made, describeMachine(made))
      }),
    )

  const configure = machine
    .command('configure')
    .description('change what a machine shall become; has effect with its next install')
    .argument('<machine>', 'id, name, MAC or serial')
  addSpecOptions(configure).action(async (name: string, options: SpecOptions, command: Command) =>
    withClient(command, async ({ client, output }) => {
      const { id } = await findMachine(client, name)
      const { ownSpec } = await client.call('GET', `/machines/${id}`, Machine)
      const made = await specWith(ownSpec, options)
      if (made === undefined) throw new CliError('nothing to change: give --blueprint or --spec', { exitCode: 2 })
      const { spec, notApplied } = made
      const changed = await client.call('PATCH', `/machines/${id}`, Machine, { spec })
      const beyond = changed.spec.installer === 'agent' ? beyondAgent(changed.spec) : []
      if (beyond.length > 0) {
        console.error(
          `Landfall's agent cannot carry out ${beyond.join(', ')}: installs need \`installer\` set to anaconda`,
        )
      }
      printObject(output, { ...changed, notApplied }, describeMachine(changed))
    }),
  )

  machine
    .command('assign')
    .description('install an image on machines: at once if they wait, else at their next network boot')
    .argument('<image>', 'repository:tag or repository@digest')
    .argument('<machine...>', 'ids, names, MACs or serials')
    .option('--disk-serial <serial>', 'install on the disk with this serial number')
    .option('--filesystem <kind>', 'root file system: xfs, ext4, btrfs')
    .option('--hostname <name>')
    .option('--root-ssh-key <key...>', 'public keys that may log in as root')
    .option('--karg <argument...>', 'additional kernel arguments')
    .option('--finish <how>', 'at the end: reboot, poweroff, or kexec into the system without starting the firmware')
    .option('--spec <json>', 'any other part of the spec, as JSON or as @FILE with it')
    .action(async (image: string, names: string[], options: AssignOptions, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const machines = await Promise.all(names.map(async (name) => (await findMachine(client, name)).id))
        const spec = specOf(options)
        const { results } = await client.call('POST', '/machines/assign', AssignResult, {
          machines,
          image,
          ...(Object.keys(spec).length > 0 && { spec }),
        })
        printRows(output, results, [
          { title: 'MACHINE', value: ({ machineId }) => machineId },
          { title: 'INSTALL', value: ({ installId }) => installId ?? '-' },
          { title: 'RESULT', value: ({ error }) => error?.message ?? 'assigned' },
        ])
        if (results.some(({ error }) => error)) throw new CliError('not every machine got the image')
      }),
    )

  machine
    .command('reinstall')
    .description('install the wanted image again, as a new generation')
    .argument('<machine>')
    .action(async (name: string, _: unknown, command: Command) =>
      withClient(command, async ({ client }) => {
        const { id } = await findMachine(client, name)
        await client.call('POST', `/machines/${id}/reinstall`, z.unknown())
      }),
    )

  machine
    .command('plan')
    .description('dry run: what an install would write to which disk')
    .argument('<machine>')
    .action(async (name: string, _: unknown, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const { id } = await findMachine(client, name)
        const plan = await client.call('GET', `/machines/${id}/plan`, StoragePlan)
        printObject(output, plan, describePlan(plan))
        if (output === 'table') console.log(`\n${partitionTable(plan)}`)
      }),
    )

  machine
    .command('wait')
    .description('wait until a machine reaches a state; fails when it ends in `failed` instead')
    .argument('<machine>')
    .requiredOption('--for <state>', `one of ${MachineState.options.join(', ')}`)
    .option('--timeout <seconds>', 'give up after this long', '3600')
    .action(async (name: string, options: { for: string; timeout: string }, command: Command) =>
      withClient(command, async ({ client }) => {
        const wanted = parseState(options.for)
        const deadline = Date.now() + Number(options.timeout) * 1000
        const { id } = await findMachine(client, name)
        let state: MachineState | undefined
        while (Date.now() < deadline) {
          const found = await client.call('GET', `/machines/${id}`, Machine)
          if (found.state !== state) console.error(`${found.name} is ${found.state}`)
          state = found.state
          if (state === wanted) return
          if (state === 'failed') throw new CliError(`${found.failure?.code}: ${found.failure?.message}`)
          await setTimeout(1000)
        }
        throw new CliError(`${name} is ${state} after ${options.timeout} s, not ${wanted}`)
      }),
    )

  machine
    .command('retire')
    .description('take a machine out of service: it is no longer booted or installed')
    .argument('<machine>')
    .action(async (name: string, _: unknown, command: Command) =>
      withClient(command, async ({ client }) => {
        const { id } = await findMachine(client, name)
        await client.call('DELETE', `/machines/${id}`, z.unknown())
      }),
    )

  return machine
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

async function allMachines(client: ApiClient, state?: MachineState): Promise<MachineSummary[]> {
  const machines: MachineSummary[] = []
  let cursor: string | null = null
  do {
    const query = new URLSearchParams({ limit: '500', ...(state && { state }), ...(cursor && { cursor }) })
    const page: MachinePage = await client.call('GET', `/machines?${query}`, MachinePage)
    machines.push(...page.items)
    cursor = page.nextCursor
  } while (cursor)
  return machines
}

/** Finds exactly one machine by id, name, MAC or serial. */
export async function findMachine(client: ApiClient, text: string): Promise<MachineSummary> {
  const wanted = text.toLowerCase()
  const found = (await allMachines(client)).filter(
    ({ id, name, macs, serial }) =>
      id === wanted ||
      name.toLowerCase() === wanted ||
      serial?.toLowerCase() === wanted ||
      macs.includes(wanted.replaceAll('-', ':')),
  )
  if (found.length === 1) return found[0]!
  if (found.length === 0) throw new CliError(`no machine ${text}`, { hint: '`landfall machine list` shows them all' })
  throw new CliError(`${text} names ${found.length} machines: ${found.map(({ id }) => id).join(', ')}`)
}

function describeMachine(machine: Machine): [string, string][] {
  return [
    ['Name', machine.name],
    ['Id', machine.id],
    ['State', machine.state + (machine.failure ? `: ${machine.failure.code}: ${machine.failure.message}` : '')],
    ['MACs', machine.macs.join(', ')],
    ['Serial', machine.serial ?? '-'],
    ['Product', machine.product ?? '-'],
    ['Address', machine.address ?? '-'],
    ['Image', machine.image ?? '-'],
    ['Wanted', machine.wantedDigest ?? '-'],
    ['Running', machine.runningDigest ?? '-'],
    ['Generation', String(machine.generation)],
    ['Memory', machine.facts ? formatBytes(machine.facts.memoryBytes) : '-'],
    ...(machine.facts?.disks ?? []).map(({ name, size, model, serial }): [string, string] => [
      `Disk ${name}`,
      `${formatBytes(size)} ${model ?? ''} serial ${serial ?? '-'}`,
    ]),
  ]
}

function describePlan(plan: StoragePlan): [string, string][] {
  return [
    ...plan.disks.flatMap(({ device, disk }): [string, string][] => [
      ['Device', device],
      ['Disk', `${formatBytes(disk.size)} ${disk.model ?? ''} serial ${disk.serial ?? '-'}`],
    ]),
    ...plan.warnings.map((text): [string, string] => ['Warning', text]),
  ]
}

function partitionTable(plan: StoragePlan): string {
  return table(planRows(plan), [
    { title: 'PLACE', value: ({ place }) => place },
    { title: 'NAME', value: ({ name }) => name },
    { title: 'SIZE', value: ({ size }) => formatBytes(size) },
    { title: 'HOLDS', value: ({ holds, kept }) => `${holds || '-'}${kept ? ' (kept)' : ''}` },
    { title: 'MOUNTED ON', value: ({ mountPoints }) => mountPoints || '-' },
  ])
}

function parseState(text: string): MachineState {
  const state = MachineState.safeParse(text)
  if (state.success) return state.data
  throw new CliError(`no state ${text}: use one of ${MachineState.options.join(', ')}`, { exitCode: 2 })
}
