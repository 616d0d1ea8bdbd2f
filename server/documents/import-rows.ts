// An inventory kept elsewhere, whatever its form, as rows.
import type { ExchangeFormat } from '../contract/document.ts'
import { readMachineCsv } from './machine-csv.ts'
import type { MachineRow } from './machine-row.ts'
import { readNetbox } from './netbox.ts'
import { readDocuments } from './read-yaml.ts'

const READERS: Record<ExchangeFormat, (text: string) => MachineRow[]> = {
  csv: readMachineCsv,
  yaml: readMachineYaml,
  netbox: readNetbox,
}

/** In their order in the file. Throws DocumentError for what cannot be read at all. */
export function importRows(format: ExchangeFormat, text: string): MachineRow[] {
  return READERS[format](text)
}

function readMachineYaml(text: string): MachineRow[] {
  const { documents, problems } = readDocuments(text)
  const read = documents.map(({ line, document }): MachineRow => {
    if (document.kind === 'machine') return { row: line, draft: document }
    return {
      row: line,
      name: document.name,
      problem: 'only machines are imported: `landfall apply` takes profiles too',
    }
  })
  const bad = [...Map.groupBy(problems, ({ documentLine }) => documentLine)].map(([row, found]): MachineRow => {
    const problem = found.map(({ line, message }) => `line ${line}: ${message}`).join('; ')
    return { row, name: undefined, problem }
  })
  return [...read, ...bad].toSorted((a, b) => a.row - b.row)
}
