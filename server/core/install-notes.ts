// What is written down about the moves of an install: log lines and events.
import { eraseSentence } from '../contract/erase-text.ts'
import type { LayerNews } from '../contract/install-layers.ts'
import type { EventInput } from './events.ts'
import type { InstallNote } from './install-state.ts'
import type { InstallRecord, LogLine } from './install-store.ts'

type TimedNote = InstallNote & { at: string; commit?: string | undefined; kernel?: string | undefined }

interface NoteOptions {
  actor: string
  lastLine: number
  maxLines: number
  /** Where they stand now, if something of them is new. */
  layers?: LayerNews | undefined
}

/**
 * Turns notes into lines for the install's log and events for everybody. Progress and log news come as one event each, which replaces
 * the one before: what they tell is in the install itself, an event only says that it is worth a look.
 */
export function installNotes(
  install: InstallRecord,
  notes: readonly TimedNote[],
  { actor, lastLine, maxLines, layers }: NoteOptions,
): { lines: LogLine[]; events: EventInput[] } {
  const about = { machineId: install.machineId, installId: install.id, actor }
  const lines: LogLine[] = []
  const events: EventInput[] = []
  for (const note of notes) {
    switch (note.note) {
      case 'log': {
        const seq = lastLine + lines.length + 1
        if (seq < maxLines) lines.push({ seq, at: note.at, level: note.level, text: note.text })
        if (seq === maxLines) {
          lines.push({
            seq,
            at: note.at,
            level: 'warn',
            text: `the log is full: after ${maxLines} lines no more are kept`,
          })
        }
        break
      }
      case 'step':
        events.push({
          ...about,
          type: 'install.step',
          message: `${note.step} ${note.state}${note.message && `: ${note.message}`}`,
          data: { step: note.step, state: note.state },
        })
        break
      case 'failed':
        events.push({
          ...about,
          type: 'install.failed',
          message: `install failed: ${note.failure.message}`,
          data: { ...note.failure },
        })
        break
      case 'succeeded':
        events.push({
          ...about,
          type: 'install.succeeded',
          message: `the machine runs ${install.confirmedDigest}`,
          data: {
            digest: install.confirmedDigest,
            generation: install.generation,
            ...(note.commit !== undefined && { commit: note.commit }),
            ...(note.kernel !== undefined && { kernel: note.kernel }),
          },
        })
        break
      case 'erasure': {
        const { report } = note
        const type = report.result === 'running' ? 'install.erasing' : 'install.erased'
        events.push({ ...about, type, message: eraseSentence(report), data: { ...report } })
        break
      }
      case 'progress':
      case 'layers':
      case 'disk-touched':
      case 'wrong-digest':
        break
    }
  }
  const news = [...progressNews(install, notes, layers), ...logNews(install, lines)]
  return { lines, events: [...events, ...news.map((event) => ({ ...about, ...event }))] }
}

/** One event per step that moved bytes, with its numbers of now. */
function* progressNews(
  install: InstallRecord,
  notes: readonly TimedNote[],
  layers: LayerNews | undefined,
): Generator<EventInput> {
  const moved = new Set(notes.flatMap((note) => (note.note === 'progress' ? [note.step] : [])))
  for (const { name, state, bytes, totalBytes, rate, message } of install.steps) {
    if (!moved.has(name) || state !== 'running') continue
    const percent = totalBytes > 0 ? Math.floor((bytes / totalBytes) * 100) : 0
    yield {
      type: 'install.progress',
      message: `${name}: ${percent} %`,
      data: { step: name, bytes, totalBytes, rate, ...(message && { message }), ...(layers && { layers }) },
      slot: `progress ${install.id}`,
    }
  }
}

function* logNews(install: InstallRecord, lines: readonly LogLine[]): Generator<EventInput> {
  const last = lines.at(-1)
  const first = lines[0]
  if (!last || !first) return
  yield {
    type: 'install.log',
    message: last.text,
    data: { firstLine: first.seq, lastLine: last.seq, level: last.level },
    slot: `log ${install.id}`,
  }
}
