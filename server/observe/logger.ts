// The log: JSON lines (or readable ones for a terminal), secrets blanked before they are written.
import { pino } from 'pino'
import type { DestinationStream, Logger } from 'pino'
import { prettyLine } from './pretty-line.ts'
import { redactText } from './redact.ts'

export type { Logger }

export interface LoggerOptions {
  level?: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'
  /** Lines for people instead of JSON. */
  pretty?: boolean
  /** Where lines go; standard error by default, so that a command's output stays clean. */
  destination?: DestinationStream
}

/** Field names whose value is never logged, at the top and one level down. */
const SECRET_FIELDS = [
  'token',
  'secret',
  'session',
  'password',
  'authorization',
  'cookie',
  'set-cookie',
  'confirmToken',
]

/** The root logger; parts log through `logger.child({ part: 'dhcp' })`. Messages are static, data goes into fields. */
export function createLogger({ level = 'info', pretty = false, destination }: LoggerOptions = {}): Logger {
  const target = destination ?? pino.destination({ dest: 2, sync: true })
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: SECRET_FIELDS.flatMap((name) => [`["${name}"]`, `*["${name}"]`, `*.headers["${name}"]`]),
        censor: '[redacted]',
      },
      hooks: { streamWrite: (line) => (pretty ? prettyLine(redactText(line)) : redactText(line)) },
    },
    target,
  )
}
