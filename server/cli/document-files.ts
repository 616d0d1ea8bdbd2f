// Files with documents: read and checked as a whole, before anything is sent.
import { MAX_DOCUMENTS_BYTES } from '../contract/document.ts'
import type { Document } from '../contract/document.ts'
import { CliError } from './errors.ts'
import { readText } from './text-file.ts'

/** Of all that is wrong; the rest is seen when these are mended. */
const MAX_SHOWN = 20

export interface FiledDocument {
  document: Document
  /** `site.yaml:12` */
  place: string
}

/** All documents of all files, in order. Throws CliError 2 with file, line and path of what is wrong. */
export async function documentsIn(files: readonly string[]): Promise<FiledDocument[]> {
  // Loaded when wanted: every command would carry a reader of YAML otherwise.
  const { readDocuments } = await import('../documents/read-yaml.ts')
  const { DocumentError } = await import('../documents/errors.ts')
  const found: FiledDocument[] = []
  const problems: string[] = []
  for (const file of files) {
    const text = await readText(file, MAX_DOCUMENTS_BYTES)
    try {
      const read = readDocuments(text)
      found.push(...read.documents.map(({ document, line }) => ({ document, place: `${file}:${line}` })))
      problems.push(...read.problems.map(({ line, message }) => `${file}:${line}: ${message}`))
    } catch (error) {
      if (!(error instanceof DocumentError)) throw error
      problems.push(`${file}: ${error.message}`)
    }
  }
  const hint = 'nothing was sent; `landfall get all -o yaml` shows how documents look'
  if (problems.length > 0) {
    const more = problems.length > MAX_SHOWN ? [`and ${problems.length - MAX_SHOWN} more`] : []
    throw new CliError([...problems.slice(0, MAX_SHOWN), ...more].join('\n  '), { exitCode: 2, hint })
  }
  if (found.length === 0) throw new CliError(`${files.join(', ')}: no document is in it`, { exitCode: 2, hint })
  return found
}
