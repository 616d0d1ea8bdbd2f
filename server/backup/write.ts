// Writes a backup: a tar with the files in their order, and last the manifest with the digest of each.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { access, rename, rm } from 'node:fs/promises'
import { dirname, relative, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { pack } from 'tar-stream'
import type { Pack } from 'tar-stream'
import { makeFolder, syncFolder } from '../host/durable-files.ts'
import type { SourceFile } from './contents.ts'
import { backupError, BackupError } from './errors.ts'
import { MANIFEST } from './manifest.ts'
import type { BackupHead, BackupManifest } from './manifest.ts'

export interface WriteOptions {
  /** Called as bytes come along; `total` is that of the files. */
  onBytes?: (bytes: number, total: number, name: string) => void
  signal?: AbortSignal
}

/**
 * Writes `file`, readable by its owner alone: it holds the key of the certificate authority. It appears under its name when it is whole and on the
 * disk. Throws FILE_EXISTS, SOURCE_CHANGED, NO_SPACE.
 */
export async function writeBackup(
  file: string,
  files: readonly SourceFile[],
  head: BackupHead,
  { onBytes = () => {}, signal }: WriteOptions = {},
): Promise<BackupManifest> {
  await requireNew(file)
  const part = `${file}.part`
  try {
    await makeFolder(dirname(resolve(file)))
    // What a killed backup left, or somebody put there to read this one, is not written into.
    await rm(part, { force: true })
    const archive = pack()
    const filling = fill(archive, files, head, onBytes)
    filling.catch((error: unknown) => archive.destroy(error as Error))
    await pipeline(archive, createWriteStream(part, { flags: 'wx', mode: 0o600, flush: true }), { signal })
    await rename(part, file)
    await syncFolder(dirname(resolve(file)))
    return await filling
  } catch (error) {
    await rm(part, { force: true })
    throw backupError(`writing ${file}`, error)
  }
}

/** Throws FILE_EXISTS, and FILE_INSIDE for a file below `folder`. */
export async function requireTarget(file: string, folder: string): Promise<void> {
  const [first] = relative(resolve(folder), resolve(file)).split('/')
  if (first !== '..') {
    const hint = 'name a file elsewhere, at best on another disk'
    throw new BackupError('FILE_INSIDE', `${file} would be a part of the data folder ${folder} itself`, { hint })
  }
  await requireNew(file)
}

async function requireNew(file: string): Promise<void> {
  const isThere = await access(file).then(
    () => true,
    () => false,
  )
  if (isThere)
    throw new BackupError('FILE_EXISTS', `${file} is there already`, { hint: 'name another file, or remove it' })
}

async function fill(
  archive: Pack,
  files: readonly SourceFile[],
  head: BackupHead,
  onBytes: NonNullable<WriteOptions['onBytes']>,
): Promise<BackupManifest> {
  const total = files.reduce((sum, { size }) => sum + size, 0)
  const mtime = new Date(head.createdAt)
  const written: BackupManifest['files'] = []
  let bytes = 0
  for (const source of files) {
    const { name, size } = source
    const hash = createHash('sha256')
    const entry = archive.entry({ name, size, mtime, mode: 0o600 })
    // Told where the archive is read.
    entry.on('error', () => {})
    for await (const chunk of contentOf(source)) {
      if (archive.destroyed) break
      hash.update(chunk)
      onBytes((bytes += chunk.length), total, name)
      if (!entry.write(chunk)) await once(entry, 'drain')
    }
    entry.end(undefined)
    written.push({ name, size, sha256: hash.digest('hex') })
  }
  const manifest: BackupManifest = { format: 1, ...head, files: written }
  archive.entry({ name: MANIFEST, mtime, mode: 0o600 }, JSON.stringify(manifest))
  archive.finalize()
  return manifest
}

/** Exactly as many bytes as were announced. Throws SOURCE_CHANGED. */
async function* contentOf({ name, size, open }: SourceFile): AsyncGenerator<Buffer> {
  let bytes = 0
  try {
    await using handle = await open()
    for await (const chunk of handle.createReadStream({ highWaterMark: 2 ** 18, autoClose: false })) {
      bytes += (chunk as Buffer).length
      if (bytes > size) break
      yield chunk as Buffer
    }
  } catch (cause) {
    throw new BackupError('SOURCE_CHANGED', `reading ${name}: ${(cause as Error).message}`, { cause, hint: AGAIN })
  }
  if (bytes !== size) {
    throw new BackupError('SOURCE_CHANGED', `reading ${name}: its size changed from ${size} bytes`, { hint: AGAIN })
  }
}

const AGAIN = 'make the backup again'
