// Options by which machines are chosen: the filters of the API, under their names.
import type { Command } from 'commander'
import { MachineFilter } from '../contract/machine-filter.ts'
import { MachineState } from '../contract/machine.ts'
import { CliError } from './errors.ts'

export interface FilterOptions {
  state?: string[]
  label?: string[]
  image?: string
  profile?: string
  architecture?: string
  firmware?: string
  silent?: true
  search?: string
}

/** Those that may be given more than once take one value each time: machines may follow as arguments. */
export function addFilterOptions(command: Command): Command {
  return command
    .option('--state <state>', `in this state (${MachineState.options.join(', ')}), or in any of several`, collect)
    .option('--label <label>', 'with the label key=value, or with key and any value; all of several', collect)
    .option('--image <reference>', 'that shall run this image')
    .option('--profile <name>', 'that this profile applies to')
    .option('--architecture <name>', 'amd64 or arm64')
    .option('--firmware <kind>', 'uefi or bios')
    .option('--silent', 'that have said nothing for a while in the middle of an install')
    .option('--search <text>', 'with these words in name, MAC, serial, UUID, address, vendor or product')
}

/** Undefined when no option chooses. Throws CliError for values that no filter takes. */
export function filterOf(options: FilterOptions): MachineFilter | undefined {
  const { state, label, image, profile, architecture, firmware, silent, search } = options
  const given = { state, label, image, profile, architecture, firmware, silent: silent && 'true', search }
  const values = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  if (Object.keys(values).length === 0) return undefined
  const filter = MachineFilter.safeParse(values)
  if (filter.success) return filter.data
  const [issue] = filter.error.issues
  throw new CliError(`--${String(issue!.path[0])}: ${issue!.message}`, { exitCode: 2 })
}

/** As parameters of a query. */
export function filterQuery(filter: MachineFilter): URLSearchParams {
  const query = new URLSearchParams()
  for (const [key, value] of Object.entries(filter)) {
    for (const one of [value].flat()) if (one !== undefined) query.append(key, one)
  }
  return query
}

/** Parses an option that may be given more than once. */
export function collect(value: string, before: string[] = []): string[] {
  return [...before, value]
}
