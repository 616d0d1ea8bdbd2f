// Progress on stderr: one line redrawn on a terminal, a plain line every few seconds elsewhere.
import { formatBytes } from '../contract/bytes.ts'

const PLAIN_INTERVAL_MS = 5000
const BAR_WIDTH = 30

export interface ProgressLine {
  update(bytes: number, totalBytes: number, message: string): void
  /** Ends the line; call it before printing anything else. */
  end(): void
}

export function progressLine(stream: NodeJS.WriteStream = process.stderr, now: () => number = Date.now): ProgressLine {
  const startedAt = now()
  let printedAt = 0
  let open = false
  return {
    update(bytes, totalBytes, message) {
      const seconds = (now() - startedAt) / 1000
      const rate = seconds > 0.5 ? ` ${formatBytes(bytes / seconds)}/s` : ''
      const share = totalBytes > 0 ? Math.min(1, bytes / totalBytes) : 0
      const text = `${String(Math.floor(share * 100)).padStart(3)} % ${formatBytes(bytes)} of ${formatBytes(totalBytes)}${rate} ${message}`
      if (stream.isTTY) {
        stream.write(`\r\x1b[K${bar(bytes, totalBytes)} ${text}`.slice(0, stream.columns || 200))
        open = true
      } else if (now() - printedAt >= PLAIN_INTERVAL_MS) {
        printedAt = now()
        stream.write(`${text}\n`)
      }
    },
    end() {
      if (open) stream.write('\n')
      open = false
    },
  }
}

/** `[=====     ]` */
export function bar(bytes: number, totalBytes: number): string {
  const share = totalBytes > 0 ? Math.min(1, bytes / totalBytes) : 0
  const filled = Math.round(share * BAR_WIDTH)
  return `[${'='.repeat(filled)}${' '.repeat(BAR_WIDTH - filled)}]`
}

export interface LiveBlock {
  /** Shows the lines in place of those before; where nothing can be drawn over, `plain` every few seconds. */
  draw(lines: readonly string[], plain: string | undefined): void
  /** Takes the lines away; call it before printing anything else. */
  clear(): void
}

/** Several lines that change, below everything that was printed. */
export function liveBlock(stream: NodeJS.WriteStream = process.stderr, now: () => number = Date.now): LiveBlock {
  let height = 0
  let printedAt = -Infinity
  const clear = (): void => {
    if (height > 0) stream.write(`\x1b[${height}A\r\x1b[J`)
    height = 0
  }
  return {
    clear,
    draw(lines, plain) {
      if (stream.isTTY) {
        clear()
        // A line that is broken in two would not be taken away whole.
        const shown = lines.slice(0, (stream.rows || 24) - 1).map((line) => line.slice(0, (stream.columns || 80) - 1))
        stream.write(shown.map((line) => `${line}\n`).join(''))
        height = shown.length
      } else if (plain !== undefined && now() - printedAt >= PLAIN_INTERVAL_MS) {
        printedAt = now()
        stream.write(`${plain}\n`)
      }
    },
  }
}

/** As `progressLine`, for things that are counted rather than weighed. */
export function countLine(
  what: string,
  stream: NodeJS.WriteStream = process.stderr,
): { update(done: number, total: number): void; end(): void } {
  let open = false
  return {
    update(done, total) {
      if (!stream.isTTY) return
      stream.write(`\r\x1b[K${what}: ${done} of ${total}`)
      open = true
    },
    end() {
      if (open) stream.write('\n')
      open = false
    },
  }
}

export interface StepLines {
  step(name: string, message: string): void
  progress(bytes: number, totalBytes: number, message: string): void
  /** Ends an open line; call it before printing anything else. */
  end(): void
}

/** A line for each step with the time since the start, and progress below the step that has some. */
export function stepLines(stream: NodeJS.WriteStream = process.stderr, now: () => number = Date.now): StepLines {
  const startedAt = now()
  let line = progressLine(stream, now)
  return {
    step(name, message) {
      line.end()
      line = progressLine(stream, now)
      const seconds = ((now() - startedAt) / 1000).toFixed(1).padStart(7)
      stream.write(`${seconds} s  ${name.padEnd(10)} ${message}\n`)
    },
    progress: (bytes, totalBytes, message) => line.update(bytes, totalBytes, message),
    end: () => line.end(),
  }
}
