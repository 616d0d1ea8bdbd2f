// Machines as a table: `name,macs,label:rack,image` and what the server knows of them besides.
import type { MachineSummary } from '../contract/machine.ts'
import { csvLine, parseCsv } from './csv.ts'
import { DocumentError } from './errors.ts'
import { machineRow } from './machine-row.ts'
import type { MachineRow } from './machine-row.ts'

const LABEL = 'label:'
/** Written for people, ignored when they come back. */
const KNOWN = ['id', 'state', 'serial', 'uuid', 'product', 'architecture', 'firmware', 'address'] as const
const TAKEN = ['name', 'macs', 'image']

/** `image` is the machine's own or a profile's; it is left out so that one of a profile does not become its own when it comes back. */
export type CsvMachine = Pick<MachineSummary, 'name' | 'macs' | 'labels' | (typeof KNOWN)[number]> & {
  ownImage: string | undefined
}

export function machineCsvHeading(labelKeys: readonly string[]): string {
  return csvLine(['name', 'macs', 'image', ...labelKeys.map((key) => LABEL + key), ...KNOWN])
}

/** A cell of a label that the machine has not is empty, as one with an empty value is. */
export function machineCsvLine(machine: CsvMachine, labelKeys: readonly string[]): string {
  const { name, macs, labels, ownImage = null } = machine
  const values = labelKeys.map((key) => labels[key] ?? '')
  return csvLine([name, macs.join(' '), ownImage, ...values, ...KNOWN.map((column) => machine[column])])
}

/** Empty cells say nothing. Throws DocumentError CSV_INVALID for what is no table, and for columns that are unknown. */
export function readMachineCsv(text: string): MachineRow[] {
  const [heading, ...rows] = parseCsv(text)
  const columns = heading?.cells.map((name) => name.trim()) ?? []
  requireKnown(columns)
  return rows.map(({ line, cells }) => {
    if (cells.length > columns.length) {
      const problem = `has ${cells.length} cells, and the first line names ${columns.length} columns`
      return { row: line, name: cells[columns.indexOf('name')], problem }
    }
    const given = columns.map((column, at) => [column, cells[at] ?? ''] as const).filter(([, cell]) => cell !== '')
    const valueOf = (wanted: string) => given.find(([column]) => column === wanted)?.[1]
    const [name, macs, image] = TAKEN.map(valueOf)
    const labels = given
      .filter(([column]) => column.startsWith(LABEL))
      .map(([column, cell]) => [column.slice(LABEL.length), cell] as const)
    return machineRow(line, {
      ...(name !== undefined && { name }),
      ...(macs !== undefined && { macs: macs.split(/[\s,;]+/).filter((mac) => mac !== '') }),
      ...(image !== undefined && { spec: { image } }),
      labels: Object.fromEntries(labels),
    })
  })
}

function requireKnown(columns: readonly string[]): void {
  const known: readonly string[] = [...TAKEN, ...KNOWN]
  const strange = columns.find((column) => !known.includes(column) && !column.startsWith(LABEL))
  const twice = columns.find((column, at) => columns.indexOf(column) !== at)
  const hint = `the first line names the columns: ${[...TAKEN, 'label:KEY'].join(', ')}; others of an export are ignored: ${KNOWN.join(', ')}`
  if (strange !== undefined) throw new DocumentError('CSV_INVALID', `line 1: there is no column ${strange}`, { hint })
  if (twice !== undefined) throw new DocumentError('CSV_INVALID', `line 1: column ${twice} is there twice`, { hint })
  if (!columns.includes('name') && !columns.includes('macs')) {
    throw new DocumentError('CSV_INVALID', 'line 1: neither name nor macs is among the columns', { hint })
  }
}
