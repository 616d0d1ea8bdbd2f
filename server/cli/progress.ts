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
        const filled = Math.round(share * BAR_WIDTH)
        stream.write(
          `\r\x1b[K[${'='.repeat(filled)}${' '.repeat(BAR_WIDTH - filled)}] ${text}`.slice(0, stream.columns || 200),
        )
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

/** The same for things that are counted rather than weighed. */
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
