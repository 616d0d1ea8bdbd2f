// Tables as text, by RFC 4180: what spreadsheets read and write.
import { DocumentError } from './errors.ts'

export interface CsvRow {
  /** Of its beginning in the file. */
  line: number
  cells: string[]
}

/** Only quoted cells keep the blanks at their ends. */
const QUOTED = /[",\r\n]|^\s|\s$/
/** A spreadsheet takes a cell that begins like one of these for a formula, and others choose some of what stands in our tables. */
const FORMULA = /^'*[=+\-@\t\r]/

/** One line. What a spreadsheet would take for a formula gets a quote mark, which {@link parseCsv} takes away. */
export function csvLine(cells: readonly (string | number | null)[]): string {
  const quoted = cells.map((cell) => {
    const text = String(cell ?? '').replace(FORMULA, "'$&")
    return QUOTED.test(text) ? `"${text.replaceAll('"', '""')}"` : text
  })
  return `${quoted.join(',')}\r\n`
}

/** Rows that are not empty. The separator is the comma, semicolon or tab that the first line has most of. Throws DocumentError CSV_INVALID. */
export function parseCsv(text: string): CsvRow[] {
  // Spreadsheets mark UTF-8 by it.
  const source = text.replace(/^\uFEFF/, '')
  const separator = separatorOf(source.slice(0, source.search(/[\r\n]|$/)))
  // A cell, quoted or not, and what ends it.
  const cell = new RegExp(`(?:"([^"]*(?:""[^"]*)*)"|([^${separator}\\r\\n]*))(${separator}|\\r\\n|\\n|\\r|$)`, 'y')
  const rows: CsvRow[] = []
  let line = 1
  let cells: string[] = []
  let beginning = line
  while (cell.lastIndex < source.length) {
    const at = cell.lastIndex
    const match = cell.exec(source)
    if (!match || (source[at] === '"') !== (match[1] !== undefined)) {
      throw new DocumentError('CSV_INVALID', `line ${line}: a quote mark is not closed, or stands inside a cell`, {
        hint: 'put the cell in quote marks, and double those inside',
      })
    }
    const [whole, quoted, plain = '', end] = match
    cells.push((quoted?.replaceAll('""', '"') ?? plain.trim()).replace(/^'(?='*[=+\-@\t\r])/, ''))
    line += whole.match(/\r\n|\n|\r/g)?.length ?? 0
    if (end === separator && cell.lastIndex < source.length) continue
    if (end === separator) cells.push('')
    if (cells.some((one) => one !== '')) rows.push({ line: beginning, cells })
    cells = []
    beginning = line
  }
  return rows
}

function separatorOf(heading: string): string {
  const count = (separator: string) => heading.split(separator).length
  return [',', ';', '\t'].reduce((most, one) => (count(one) > count(most) ? one : most))
}
