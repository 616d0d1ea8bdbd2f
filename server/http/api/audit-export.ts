// The audit trail as a file, written as fast as it is read.
import { AUDIT_COLUMNS } from '../../contract/audit.ts'
import type { AuditEntry, AuditFilter, AuditFormat } from '../../contract/audit.ts'
import type { AuditLog } from '../../core/audit.ts'
import { csvLine } from '../../documents/csv.ts'

const PAGE = 500

const LINES: Record<AuditFormat, (entry: AuditEntry) => string> = {
  ndjson: (entry) => `${JSON.stringify(entry)}\n`,
  csv: (entry) => csvLine(AUDIT_COLUMNS.map((column) => entry[column])),
}

/** Entries newest first, a page of them in memory at a time. */
export function auditExport(
  audit: Pick<AuditLog, 'recent'>,
  filter: AuditFilter,
  format: AuditFormat,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  let before: number | undefined
  let heading = format === 'csv' ? csvLine(AUDIT_COLUMNS) : ''
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const entries = audit.recent({ ...filter, before, limit: PAGE })
        before = entries.at(-1)?.seq
        const text = heading + entries.map(LINES[format]).join('')
        heading = ''
        if (text !== '') controller.enqueue(encoder.encode(text))
        if (entries.length < PAGE) controller.close()
      },
    },
    { highWaterMark: 0 },
  )
}
