// Machines as people name them, found by the server.
import { z } from 'zod'
import { Uuid } from '../contract/common.ts'
import type { MachineFilter, MachineSort, SortOrder } from '../contract/machine-filter.ts'
import { MachinePage, MachineSummary } from '../contract/machine.ts'
import type { ApiClient } from './client.ts'
import { CliError } from './errors.ts'
import { filterQuery } from './filter-options.ts'

const PAGE = '1000'
/** What a search takes. */
const MAX_SEARCH = 200

/** All that the filter means, whatever number of pages that is. */
export async function allMachines(
  client: ApiClient,
  filter: MachineFilter,
  { sort = 'createdAt', order = 'asc' }: { sort?: MachineSort; order?: SortOrder } = {},
): Promise<MachineSummary[]> {
  const machines: MachineSummary[] = []
  const query = filterQuery(filter)
  for (const [key, value] of Object.entries({ sort, order, limit: PAGE })) query.set(key, value)
  for (;;) {
    const page = await client.call('GET', `/machines?${query}`, MachinePage)
    machines.push(...page.items)
    if (page.nextCursor === null) return machines
    query.set('cursor', page.nextCursor)
  }
}

export async function countMachines(client: ApiClient, filter: MachineFilter): Promise<number> {
  const query = filterQuery(filter)
  query.set('limit', '1')
  return (await client.call('GET', `/machines?${query}`, MachinePage)).total
}

/** Finds exactly one machine by id, name, MAC or serial. */
export async function findMachine(client: ApiClient, text: string): Promise<MachineSummary> {
  const wanted = text.toLowerCase()
  const named = (await allMachines(client, { search: text.slice(0, MAX_SEARCH) })).filter(
    ({ name, macs, serial }) =>
      name.toLowerCase() === wanted || serial?.toLowerCase() === wanted || macs.includes(wanted.replaceAll('-', ':')),
  )
  const found = [...(await machineById(client, wanted)), ...named]
  if (found.length === 1) return found[0]!
  if (found.length === 0) throw new CliError(`no machine ${text}`, { hint: '`landfall machine list` shows them all' })
  throw new CliError(`${text} names ${found.length} machines: ${found.map(({ id }) => id).join(', ')}`)
}

async function machineById(client: ApiClient, text: string): Promise<MachineSummary[]> {
  if (!z.safeParse(Uuid, text).success) return []
  try {
    return [await client.call('GET', `/machines/${text}`, MachineSummary)]
  } catch (error) {
    if (error instanceof CliError && error.code === 'MACHINE_NOT_FOUND') return []
    throw error
  }
}
