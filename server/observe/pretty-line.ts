// One JSON log line as people like to read it.

const HIDDEN = new Set(['time', 'level', 'part', 'msg', 'err'])

/**
 * `12:00:00.123 WARN  dhcp     pool is exhausted subnet=192.0.2.0/24`, an error's stack below. A line that is not JSON
 * comes back as it is.
 */
export function prettyLine(line: string): string {
  let record: Record<string, unknown>
  try {
    record = JSON.parse(line) as Record<string, unknown>
  } catch {
    return line
  }
  const { time, level, part, msg, err } = record
  const fields = Object.entries(record)
    .filter(([name]) => !HIDDEN.has(name))
    .map(
      ([name, value]) => ` ${name}=${typeof value === 'string' && /^\S+$/.test(value) ? value : JSON.stringify(value)}`,
    )
  const head = [String(time).slice(11, 23), String(level).toUpperCase().padEnd(5), String(part ?? '').padEnd(8)].join(
    ' ',
  )
  return `${head} ${String(msg ?? '')}${fields.join('')}\n${stackOf(err)}`
}

function stackOf(err: unknown): string {
  const { stack, message } = (err ?? {}) as { stack?: unknown; message?: unknown }
  const text = stack ?? message
  return text === undefined ? '' : `${String(text).replace(/^/gm, '    ')}\n`
}
