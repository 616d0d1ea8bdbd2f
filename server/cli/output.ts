// What commands print: tables for people, JSON for programs. Results go to stdout, progress and errors to stderr.

export type OutputFormat = 'table' | 'json'

export interface Column<T> {
  title: string
  value: (row: T) => string
}

/** Prints rows as an aligned table, or as a JSON array. */
export function printRows<T>(format: OutputFormat, rows: T[], columns: Column<T>[]): void {
  if (format === 'json') return printJson(rows)
  console.log(table(rows, columns))
}

/** Prints one object as `name: value` lines, or as JSON. */
export function printObject<T>(format: OutputFormat, value: T, lines: [string, string][]): void {
  if (format === 'json') return printJson(value)
  const width = Math.max(...lines.map(([name]) => name.length)) + 1
  for (const [name, text] of lines) console.log(`${`${name}:`.padEnd(width)} ${text}`)
}

/** A value that is a text to people. */
export function printText<T>(format: OutputFormat, value: T, text: string): void {
  console.log(format === 'json' ? JSON.stringify(value, null, 2) : text)
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

function printJson(value: unknown): void {
  console.log(JSON.stringify(value, null, 2))
}

/** How long ago, in one unit: `35 s`, `4 min`, `3 h`, `12 d`. */
export function formatAge(at: string | null, now = Date.now()): string {
  if (!at) return 'never'
  const seconds = Math.max(0, Math.round((now - Date.parse(at)) / 1000))
  if (seconds < 120) return `${seconds} s`
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`
  return `${Math.round(seconds / 86_400)} d`
}

export function shortDigest(digest: string | null): string {
  return digest ? digest.replace('sha256:', '').slice(0, 12) : '-'
}
