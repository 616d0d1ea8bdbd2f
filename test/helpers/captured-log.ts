// A logger whose lines a test can look at.
import { createLogger } from '../../server/observe/logger.ts'
import type { Logger } from '../../server/observe/logger.ts'

export function capturedLog(): { logger: Logger; lines: () => Record<string, unknown>[] } {
  const written: string[] = []
  const logger = createLogger({ level: 'debug', destination: { write: (line) => void written.push(line) } })
  return { logger, lines: () => written.map((line) => JSON.parse(line) as Record<string, unknown>) }
}
