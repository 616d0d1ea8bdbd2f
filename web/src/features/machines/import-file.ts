// What an uploaded inventory is, and what came of its rows.

import type { ApplyOutcome, Change, ExchangeFormat, ImportResult } from '../../../../server/contract/document.ts'

const FORMATS_BY_ENDING: Record<string, ExchangeFormat> = { csv: 'csv', yaml: 'yaml', yml: 'yaml', json: 'netbox' }

export const FORMAT_NAMES: Record<ExchangeFormat, string> = {
  csv: 'Table (CSV)',
  yaml: 'Documents (YAML)',
  netbox: 'Devices of NetBox (JSON)',
}

/** By its name; a table where that tells nothing. */
export function formatOf(name: string): ExchangeFormat {
  return FORMATS_BY_ENDING[name.split('.').at(-1)!.toLowerCase()] ?? 'csv'
}

export type Outcomes = Record<ApplyOutcome, number>

export function countOutcomes(results: ImportResult['results']): Outcomes {
  const counts: Outcomes = { created: 0, changed: 0, unchanged: 0, refused: 0 }
  for (const { outcome } of results) counts[outcome]++
  return counts
}

/** `2 created, 1 unchanged` */
export function outcomesText(counts: Outcomes): string {
  const texts = Object.entries(counts).flatMap(([outcome, count]) => (count > 0 ? [`${count} ${outcome}`] : []))
  return texts.join(', ')
}

/** `1 row`, `12 rows` */
export function rowsText(count: number): string {
  return `${count} ${count === 1 ? 'row' : 'rows'}`
}

/** `labels.rack: r1 → r2`; only one of the two where it comes or goes: `labels.rack: r2`, `labels.rack: r1 → nothing`. */
export function changeText({ path, before, after }: Change): string {
  const from = before === undefined ? '' : `${valueText(before)} → `
  return `${path}: ${from}${after === undefined ? 'nothing' : valueText(after)}`
}

function valueText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
