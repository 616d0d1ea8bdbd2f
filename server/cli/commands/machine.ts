// `landfall machine`: the inventory.
import { formatBytes } from '../../contract/bytes.ts'
import { Option } from 'commander'
import type { Command } from 'commander'
import { z } from 'zod'
import { FactChange } from '../../contract/fact-change.ts'
import type { Facts } from '../../contract/facts.ts'
import { cpuText, productText } from '../../contract/facts-text.ts'
import { MachineSort } from '../../contract/machine-filter.ts'
import { Machine } from '../../contract/machine.ts'
import type { MachineSummary } from '../../contract/machine.ts'
import { StoragePlan } from '../../contract/plan.ts'
import { planRows } from '../../contract/plan-rows.ts'
import { beyondAgent } from '../../contract/agent-limits.ts'
import { ifUnchanged } from '../client.ts'
import { CliError } from '../errors.ts'
import { addFilterOptions, filterOf } from '../filter-options.ts'
import type { FilterOptions } from '../filter-options.ts'
import { allMachines, findMachine } from '../machine-lookup.ts'
import { silenceHint, silenceText } from '../../contract/silence.ts'
import { formatAge, printLine, printObject, printRows, shortDigest, table } from '../output.ts'
import type { Column } from '../output.ts'
import { addSpecOptions, parseLabels, specWith } from '../spec-options.ts'
import type { SpecOptions } from '../spec-options.ts'
import { withClient } from './context.ts'
import { addBmcCommands, describeBmc } from './machine-bmc.ts'
import { addMachineBulkCommands } from './machine-bulk.ts'
import { addMachineExchangeCommands } from './machine-exchange.ts'

const COLUMNS: Column<MachineSummary>[] = [
  { title: 'NAME', value: ({ name }) => name },
  { title: 'STATE', value: (machine) => stateText(machine) },
  { title: 'MAC', value: ({ macs }) => macs.join(',') },
  { title: 'SERIAL', value: ({ serial }) => serial ?? '-' },
  { title: 'IMAGE', value: ({ image }) => image ?? '-' },
  { title: 'RUNNING', value: ({ runningDigest }) => shortDigest(runningDigest) },
  { title: 'GEN', value: ({ generation }) => String(generation) },
  { title: 'SEEN', value: ({ lastSeenAt }) => formatAge(lastSeenAt) },
]

type ListOptions = FilterOptions & { sort: MachineSort; desc?: boolean }

/** Returns the command, for what is added below it elsewhere. */
export function addMachineCommands(program: Command): Command {
  const machine = program.command('machine').description('machines: inventory, assignment, plans')

  addFilterOptions(machine.command('list').alias('ls').description('machines, all or those that a filter means'))
    .addOption(new Option('--sort <by>', 'order').choices(MachineSort.options).default('createdAt'))
    .option('--desc', 'last first')
    .action(async (options: ListOptions, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const { sort, desc = false } = options
        const found = await allMachines(client, filterOf(options) ?? {}, { sort, order: desc ? 'desc' : 'asc' })
        printRows(output, found, COLUMNS)
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
    .command('facts')
    .description('what a machine told about itself, or what changed of it')
    .argument('<machine>', 'id, name, MAC or serial')
    .option('--history', 'disks, NICs, memory and firmware that came, went or changed, newest first')
    .action(async (name: string, { history = false }: { history?: boolean }, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const { id } = await findMachine(client, name)
        if (history) {
          const items = await client.list(`/machines/${id}/facts/history`, FactChange)
          return printRows(output, items, [
            { title: 'TIME', value: ({ at }) => at },
            { title: 'WHAT', value: ({ subject }) => subject },
            { title: 'CHANGE', value: ({ message }) => message },
          ])
        }
        const { facts } = await client.call('GET', `/machines/${id}`, Machine)
        if (facts === null) {
          throw new CliError('the machine has not told what it is', {
            hint: 'boot it from the network once: the installer tells',
          })
        }
        printObject(output, facts, describeFacts(facts))
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
      const before = await client.call('GET', `/machines/${id}`, Machine)
      const made = await specWith(before.ownSpec, options)
      if (made === undefined) throw new CliError('nothing to change: give --blueprint or --spec', { exitCode: 2 })
      const { spec, notApplied } = made
      const changed = await client.call('PATCH', `/machines/${id}`, Machine, { spec }, ifUnchanged(before))
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
    .command('plan')
    .description('dry run: what an install would write to which disk')
    .argument('<machine>')
    .action(async (name: string, _: unknown, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const { id } = await findMachine(client, name)
        const plan = await client.call('GET', `/machines/${id}/plan`, StoragePlan)
        printObject(output, plan, describePlan(plan))
        if (output === 'table') printLine(`\n${partitionTable(plan)}`)
      }),
    )

  machine
    .command('rename')
    .description('call a machine something else')
    .argument('<machine>', 'id, name, MAC or serial')
    .argument('<name>')
    .action(async (machineName: string, name: string, _: unknown, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const { id } = await findMachine(client, machineName)
        const renamed = await client.call('PATCH', `/machines/${id}`, Machine, { name })
        printObject(output, renamed, describeMachine(renamed))
      }),
    )

  machine
    .command('forget')
    .description('retire a machine and remove its record, with its history')
    .argument('<machine>', 'id, name, MAC or serial')
    .action(async (name: string, _: unknown, command: Command) =>
      withClient(command, async ({ client }) => {
        const { id } = await findMachine(client, name)
        await client.call('DELETE', `/machines/${id}?forget=true`, z.unknown())
      }),
    )

  addBmcCommands(machine)
  addMachineBulkCommands(machine)
  addMachineExchangeCommands(machine)
  return machine
}

function stateText(machine: MachineSummary): string {
  const silence = silenceText(machine)
  return machine.state + (silence === undefined ? '' : ` (${silence})`)
}

function describeMachine(machine: Machine): [string, string][] {
  return [
    ['Name', machine.name],
    ['Id', machine.id],
    ['State', stateText(machine) + (machine.failure ? `: ${machine.failure.code}: ${machine.failure.message}` : '')],
    ...(machine.silentSince === null ? [] : [['What to do', silenceHint(machine.state)] as [string, string]]),
    ['MACs', machine.macs.join(', ')],
    ['Serial', machine.serial ?? '-'],
    ['Product', machine.product ?? '-'],
    ['Address', machine.address ?? '-'],
    ['Image', machine.image ?? '-'],
    ['Wanted', machine.wantedDigest ?? '-'],
    ['Running', machine.runningDigest ?? '-'],
    ['Generation', String(machine.generation)],
    ...describeBmc(machine.bmc),
    ['Memory', machine.facts ? formatBytes(machine.facts.memoryBytes) : '-'],
    ...diskRows(machine.facts),
  ]
}

function diskRows(facts: Facts | null): [string, string][] {
  return (facts?.disks ?? []).map(({ name, size, model, serial }) => [
    `Disk ${name}`,
    `${formatBytes(size)} ${model ?? ''} serial ${serial ?? '-'}`,
  ])
}

function describeFacts(facts: Facts): [string, string][] {
  const { smbios, cpu, firmware, secureBoot, tpm, architecture, memoryBytes, nics, collectedAt } = facts
  return [
    ['Told at', collectedAt],
    ['Product', productText(smbios) ?? '-'],
    ['Serial', smbios.serial ?? '-'],
    ['Processor', cpuText(cpu)],
    ['Memory', formatBytes(memoryBytes)],
    ['Architecture', architecture],
    ['Firmware', `${firmware} ${smbios.biosVersion ?? ''}`.trimEnd()],
    ['Secure Boot', secureBoot ? 'on' : 'off'],
    ['TPM', tpm ?? 'none'],
    ...diskRows(facts),
    ...nics.map(({ name, mac, driver, link }): [string, string] => [
      `NIC ${name}`,
      [mac, driver, link ? 'link' : 'no link'].filter(Boolean).join(' '),
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
