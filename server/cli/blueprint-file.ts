// A blueprint named on the command line: read, applied, and what has no effect told.
import { open } from 'node:fs/promises'
import { applyBlueprint } from '../blueprint/apply.ts'
import { BlueprintError } from '../blueprint/errors.ts'
import type { AppliedBlueprint, BlueprintTarget } from '../blueprint/outcome.ts'
import { readBlueprint, syntaxOf } from '../blueprint/read.ts'

const MAX_BYTES = 4 * 2 ** 20

export interface BlueprintFileOptions {
  target: BlueprintTarget
  /** Refuse keys that cannot be applied, instead of telling them. */
  strict: boolean
  warn?: (line: string) => void
}

/** Throws BlueprintError, the file's name before every message; UNSUPPORTED names all keys that cannot be applied. */
export async function blueprintFile(file: string, options: BlueprintFileOptions): Promise<AppliedBlueprint> {
  const { target, strict, warn = (line) => console.error(line) } = options
  const source = await readBounded(file)
  const applied = inFile(file, () => applyBlueprint(readBlueprint(source, syntaxOf(file)), target))
  const lines = applied.notApplied.map(({ key, reason }) => `${key}: ${reason}`)
  if (strict && lines.length > 0) {
    const message = `${file}: cannot be applied to a ${target === 'machine' ? 'machine' : 'disk image'}:`
    throw new BlueprintError('UNSUPPORTED', [message, ...lines].join('\n  '))
  }
  for (const line of lines) warn(`not applied: ${line}`)
  return applied
}

async function readBounded(file: string): Promise<string> {
  try {
    await using handle = await open(file, 'r')
    const buffer = Buffer.alloc(MAX_BYTES + 1)
    let length = 0
    for (;;) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length, null)
      length += bytesRead
      if (bytesRead === 0 || length > MAX_BYTES) break
    }
    if (length <= MAX_BYTES) return buffer.toString('utf8', 0, length)
  } catch (cause) {
    throw new BlueprintError('FILE_UNREADABLE', `${file}: ${(cause as NodeJS.ErrnoException).code}`, { cause })
  }
  throw new BlueprintError('FILE_UNREADABLE', `${file}: larger than ${MAX_BYTES} bytes, which no blueprint is`)
}

function inFile<T>(file: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof BlueprintError)) throw error
    throw new BlueprintError(error.code, `${file}: ${error.message}`, { hint: error.hint, cause: error })
  }
}
