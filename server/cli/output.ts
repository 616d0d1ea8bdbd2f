// What commands print: tables for people, JSON or YAML for programs, names for pipes. Results go to stdout, progress and errors to stderr.
import { AsyncLocalStorage } from 'node:async_hooks'
import { toYaml } from '../contract/yaml-text.ts'

export { formatAge } from '../contract/age.ts'

export const OUTPUT_FORMATS = ['table', 'json', 'yaml', 'name'] as const
export type OutputFormat = (typeof OUTPUT_FORMATS)[number]

export interface Column<T> {
  title: string
  value: (row: T) => string
}

/** What a command printed, kept instead of written: the lines, and the values they show. */
interface Page {
  lines: string[]
  values: unknown[]
}

const pages = new AsyncLocalStorage<Page>()

/**
 * Keeps what the work prints. Values come in a form that can follow each other: one line of JSON, one document of YAML.
 *
 * @example const { lines, values } = await pageOf(() => show(machine))
 */
export async function pageOf(work: () => Promise<void>): Promise<Page> {
  const page: Page = { lines: [], values: [] }
  await pages.run(page, work)
  return page
}

export function printLine(text: string): void {
  const page = pages.getStore()
  if (page) page.lines.push(text)
  else console.log(text)
}

/** Prints rows as an aligned table, as a list of JSON or YAML, or only the first column, which is what other commands call them by. */
export function printRows<T>(format: OutputFormat, rows: T[], columns: Column<T>[]): void {
  if (printData(format, rows)) return
  if (format === 'table') printLine(table(rows, columns))
  else for (const row of rows) printLine(columns[0]!.value(row))
}

/** Prints one object as `name: value` lines, as JSON or YAML, or only the first value. */
export function printObject<T>(format: OutputFormat, value: T, lines: [string, string][]): void {
  if (printData(format, value)) return
  const width = Math.max(...lines.map(([name]) => name.length)) + 1
  if (format === 'name') printLine(lines[0]![1])
  else for (const [name, text] of lines) printLine(`${`${name}:`.padEnd(width)} ${text}`)
}

/** A value that is a text to people. */
export function printText<T>(format: OutputFormat, value: T, text: string): void {
  if (!printData(format, value)) printLine(text)
}

/** Prints the value itself where programs asked for it; false where people did. */
export function printData(format: OutputFormat, value: unknown): boolean {
  const page = pages.getStore()
  page?.values.push(value)
  if (format === 'json') printLine(JSON.stringify(value, null, page ? 0 : 2))
  else if (format === 'yaml') printLine(`${page ? '---\n' : ''}${toYaml(value)}`)
  else return false
  return true
}

export function table<T>(rows: T[], columns: Column<T>[]): string {
  const cells = [columns.map(({ title }) => title), ...rows.map((row) => columns.map(({ value }) => value(row)))]
  const widths = columns.map((_, i) => Math.max(...cells.map((line) => line[i]!.length)))
  return cells
    .map((line) =>
      line
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

export function shortDigest(digest: string | null): string {
  return digest ? digest.replace('sha256:', '').slice(0, 12) : '-'
}
