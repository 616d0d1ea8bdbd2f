// What a person in front of the screen or the serial line reads. One line says one thing that happens.
import { formatBytes } from '../../server/contract/bytes.ts'
import type { Failure } from '../../server/contract/install.ts'

export interface Console {
  /** One line, with the time of day. */
  say(text: string): void
  /** A line that the next line replaces on a terminal. */
  progress(text: string): void
  /** A titled block: calm, framed by blank lines. */
  block(title: string, rows: readonly (readonly [string, string])[]): void
  table(header: readonly string[], rows: readonly (readonly string[])[]): void
  /** Large and hard to miss. */
  failure(title: string, failure: Failure): void
}

const WIDTH = 78

/** Bytes a stream may hold back before progress is left out: a serial line that hangs must not fill the memory. */
const BACKLOG = 16_384

/**
 * Writes to a stream. On a `terminal`, progress stays on one line: besides being calm, that spares a
 * frame buffer the scrolling, which can take longer than the time between two lines.
 */
export function textConsole(
  out: { write(text: string): unknown; readonly writableLength?: number },
  { terminal = false, now = () => new Date() }: { terminal?: boolean; now?: () => Date } = {},
): Console {
  let open = false
  const print = (text: string) => {
    out.write(`${open ? '\r\x1b[K' : ''}${text}\n`)
    open = false
  }
  const time = () => now().toISOString().slice(11, 19)
  return {
    say: (text) => {
      for (const line of text.split('\n')) print(`${time()}  ${line}`)
    },
    progress: (text) => {
      if ((out.writableLength ?? 0) > BACKLOG) return
      if (!terminal) return print(`${time()}  ${text}`)
      out.write(`\r\x1b[K${time()}  ${text}`)
      open = true
    },
    block: (title, rows) => {
      const width = Math.max(...rows.map(([name]) => name.length))
      print(
        ['', `  ${title}`, '', ...rows.map(([name, value]) => `    ${name.padEnd(width)}  ${value}`), ''].join('\n'),
      )
    },
    table: (header, rows) => print(`\n${formatTable(header, rows)}\n`),
    failure: (title, failure) => {
      const bar = '!'.repeat(WIDTH)
      const hint = failure.hint === undefined ? [] : ['', ...wrap(`What to do: ${failure.hint}`)]
      const body = [title, '', `Reason: ${failure.code}`, ...wrap(failure.message), ...hint]
      print(['', bar, ...body.map((line) => `!!  ${line}`.trimEnd()), bar, ''].join('\n'))
    },
  }
}

/** Columns padded to their widest cell, two blanks between, indented like blocks. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => (row[i] ?? '').length)))
  const line = (cells: readonly string[]) =>
    `    ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')}`.trimEnd()
  return [line(header), ...rows.map(line)].join('\n')
}

/** `[#########-----------]  45 %  180 MB of 400 MB  12 MB/s` */
export function progressBar(bytes: number, totalBytes: number, bytesPerSecond: number): string {
  const share = totalBytes > 0 ? Math.min(1, bytes / totalBytes) : 0
  const filled = Math.round(share * 20)
  const bar = `[${'#'.repeat(filled)}${'-'.repeat(20 - filled)}]`
  const percent = `${Math.floor(share * 100)} %`.padStart(5)
  return `${bar} ${percent}  ${formatBytes(bytes)} of ${formatBytes(totalBytes)}  ${formatBytes(bytesPerSecond)}/s`
}

function wrap(text: string): string[] {
  return text.split('\n').flatMap((paragraph) => {
    const lines: string[] = []
    let line = ''
    for (const word of paragraph.split(' ')) {
      if (line !== '' && line.length + 1 + word.length > WIDTH - 6) {
        lines.push(line)
        line = word
      } else {
        line = line === '' ? word : `${line} ${word}`
      }
    }
    return [...lines, line]
  })
}
