// Reading ISO images by Debian's xorriso, as a child process.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { MediaError } from './errors.ts'
import type { IsoEntry } from './iso-tree.ts'

/** What the library asks of whatever reads ISO images. */
export interface IsoUnpacker {
  /** Throws XORRISO_MISSING when unpacking cannot work on this host. */
  ready(): Promise<void>
  /** The entries directly in the root. */
  root(iso: string): Promise<IsoEntry[]>
  /** These entries of the root and everything below them. */
  list(iso: string, names: readonly string[]): Promise<IsoEntry[]>
  /** Writes these entries of the root, and everything below them, into a folder. */
  extract(iso: string, names: readonly string[], folder: string, signal?: AbortSignal): Promise<void>
}

/** Room for far more entries than are taken. */
const MAX_OUTPUT = 8 * 2 ** 20
/** Of what xorriso says about a failure. */
const MAX_COMPLAINT = 2000

/** `-rw-r--r--    1 0        0          200000 Nov 21 07:45 '/images/install.img'`, names quoted as for a shell. */
const ENTRY = /^([-a-z])\S{9}\S*\s+\d+\s+\S+\s+\S+\s+(\S+) .{12} ('[^']*'(?:"'"'[^']*')*)(?: -> .*)?$/

/** `program` is for tests of what happens without it. */
export function xorriso(program = 'xorriso'): IsoUnpacker {
  const on = (iso: string, args: readonly string[], signal?: AbortSignal) =>
    // No start-up files of whoever runs the server; the prefix keeps a path from being taken for a drive.
    run(program, ['-no_rc', '-indev', `stdio:${iso}`, ...args], signal)
  return {
    async ready() {
      await run(program, ['-version'])
    },
    async root(iso) {
      return parseListing(await on(iso, ['-find', '/', '-maxdepth', '1', '-exec', 'lsdl', '--']))
    },
    async list(iso, names) {
      return parseListing(
        await on(
          iso,
          names.flatMap((name) => ['-find', `/${name}`, '-exec', 'lsdl', '--']),
        ),
      )
    },
    async extract(iso, names, folder, signal) {
      const each = names.flatMap((name) => ['-extract', `/${name}`, join(folder, name)])
      await on(iso, ['-osirrox', 'on', ...each], signal)
    },
  }
}

/** What is no entry's line is passed over. */
export function parseListing(output: string): IsoEntry[] {
  return output.split('\n').flatMap((line) => {
    const [, kind, size, quoted] = ENTRY.exec(line) ?? []
    if (kind === undefined || quoted === undefined || quoted === "'/'") return []
    const type = kind === '-' ? 'file' : kind === 'd' ? 'directory' : 'other'
    return [{ path: unquoted(quoted).slice(1), type, size: Number(size) || 0 } satisfies IsoEntry]
  })
}

/** As a shell would: `'it'"'"'s'`. */
function unquoted(text: string): string {
  return text.replaceAll(`'"'"'`, '\0').replaceAll("'", '').replaceAll('\0', "'")
}

async function run(program: string, args: readonly string[], signal?: AbortSignal): Promise<string> {
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(signal && { signal, killSignal: 'SIGKILL' }),
  })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  try {
    const [output, complaints, code] = await Promise.all([textOf(child.stdout), textOf(child.stderr), ended])
    if (code === 0) return output
    throw new MediaError('XORRISO_FAILED', `unpacking the ISO: xorriso ended with ${code}: ${lastOf(complaints)}`)
  } catch (cause) {
    child.kill('SIGKILL')
    if (cause instanceof MediaError) throw cause
    if (signal?.aborted) throw new MediaError('ABORTED', 'unpacking the ISO: it was stopped', { cause })
    if ((cause as { code?: unknown }).code === 'ENOENT') {
      const hint = 'install the Debian package: apt-get install xorriso'
      throw new MediaError('XORRISO_MISSING', 'unpacking ISOs needs the program xorriso, which is not installed', {
        cause,
        hint,
      })
    }
    throw new MediaError('XORRISO_FAILED', `unpacking the ISO: ${(cause as Error).message}`, { cause })
  }
}

async function textOf(stream: Readable): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > MAX_OUTPUT) throw new MediaError('MEDIA_INVALID', "listing the ISO's tree: it has too many entries")
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

/** The lines that tell of trouble, without progress. */
function lastOf(complaints: string): string {
  const lines = complaints.split('\n').filter((line) => /FAILURE|SORRY|FATAL|WARNING/.test(line))
  return lines.join('; ').slice(-MAX_COMPLAINT) || 'it did not say why'
}
