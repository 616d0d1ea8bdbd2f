// The inventory as a file, written as fast as it is read.
import type { Scope } from '../../contract/access.ts'
import type { Labels } from '../../contract/common.ts'
import { machineDocument } from '../../contract/document.ts'
import type { ExportFormat } from '../../contract/document.ts'
import type { MachineFilter } from '../../contract/machine-filter.ts'
import type { MachineSummary } from '../../contract/machine.ts'
import type { Inventory } from '../../core/inventory.ts'
import type { MachinePlace } from '../../core/machine-store.ts'
import { machineCsvHeading, machineCsvLine } from '../../documents/machine-csv.ts'
import { netboxDevice } from '../../documents/netbox.ts'
import { documentYaml } from '../../documents/write-yaml.ts'

type Machines = Pick<Inventory, 'page' | 'ownSpec' | 'bmc'>

interface ExportOptions {
  filter: MachineFilter
  /** Of whoever asks. */
  scope: Scope | null
}

const PAGE = 500

export const EXPORT_TYPES: Record<ExportFormat, string> = {
  csv: 'text/csv; charset=utf-8',
  yaml: 'application/yaml',
  json: 'application/json',
  netbox: 'application/json',
}

/** By name, a page of them in memory at a time, which is written out at once: its machines may be gone later. Throws PROFILE_NOT_FOUND. */
export function machineExport(inventory: Machines, options: ExportOptions, format: ExportFormat) {
  const texts = WRITERS[format](inventory, options)
  // What the filter may be wrong in is found out before the answer begins.
  let first: IteratorResult<string> | undefined = texts.next()
  const encoder = new TextEncoder()
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const { done = false, value } = first ?? texts.next()
        first = undefined
        if (done) controller.close()
        else controller.enqueue(encoder.encode(value))
      },
    },
    { highWaterMark: 0 },
  )
}

type Writer = (inventory: Machines, options: ExportOptions) => Generator<string, void>

const WRITERS: Record<ExportFormat, Writer> = {
  *csv(inventory, options) {
    // As they are at the beginning: what comes meanwhile may have labels that the heading knows nothing of.
    const labelsOf = new Map<string, Labels>()
    for (const page of pages(inventory, options)) for (const { id, labels } of page) labelsOf.set(id, labels)
    const labelKeys = [...new Set(labelsOf.values().flatMap((labels) => Object.keys(labels)))].toSorted()
    yield machineCsvHeading(labelKeys)
    for (const page of pages(inventory, options)) {
      yield page
        .flatMap((machine) => {
          const labels = labelsOf.get(machine.id)
          const ownImage = inventory.ownSpec(machine.id).image
          return labels ? [machineCsvLine({ ...machine, labels, ownImage }, labelKeys)] : []
        })
        .join('')
    }
  },
  *yaml(inventory, options) {
    for (const page of pages(inventory, options)) {
      yield page.map((machine) => `${documentYaml(documentOf(inventory, machine))}\n`).join('')
    }
  },
  json: (inventory, options) => jsonList(inventory, options, (machine) => documentOf(inventory, machine)),
  netbox: (inventory, options) => jsonList(inventory, options, netboxDevice),
}

function* jsonList(inventory: Machines, options: ExportOptions, itemOf: (machine: MachineSummary) => unknown) {
  let separator = '[\n'
  for (const page of pages(inventory, options)) {
    if (page.length === 0) continue
    yield separator + page.map((machine) => JSON.stringify(itemOf(machine))).join(',\n')
    separator = ',\n'
  }
  yield separator === ',\n' ? '\n]\n' : '[]\n'
}

function* pages(inventory: Machines, { filter, scope }: ExportOptions): Generator<MachineSummary[], void> {
  let after: MachinePlace | undefined
  do {
    const { items, next } = inventory.page({ filter, scope, sort: 'name', order: 'asc', limit: PAGE, after })
    yield items
    after = next
  } while (after)
}

function documentOf(inventory: Machines, machine: MachineSummary) {
  const { id } = machine
  return machineDocument({ ...machine, ownSpec: inventory.ownSpec(id), bmc: inventory.bmc(id) })
}
