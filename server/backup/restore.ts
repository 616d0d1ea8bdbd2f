// Makes a data folder out of a backup: all of it or nothing, and never over what is there.
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { chmod, mkdir, readdir, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { extract } from 'tar-stream'
import type { Header } from 'tar-stream'
import { makeFolder, syncFolder } from '../host/durable-files.ts'
import { backupError, BackupError } from './errors.ts'
import { BackupManifest, DATABASE, MANIFEST } from './manifest.ts'
import { RESTORED_FILE } from './restored.ts'

export interface RestoreOptions {
  /** Looks at the database before anything is in place; throws when it is of no use. */
  checkDatabase: (file: string) => void
  /** Whose the folder must be. */
  uid: number
  signal?: AbortSignal
}

/** Of a million files. */
const MAX_MANIFEST_BYTES = 256 * 2 ** 20
const STAGED = 'restoring'
/** May be in a folder that counts as empty: the top of a file system has one, and a restore that was killed leaves the other. */
const NOTHING = new Set(['lost+found', STAGED])

/**
 * Fills `folder`, which must be empty or absent. The database comes last, so that no server starts with half of it. Throws BackupError, or what
 * `checkDatabase` does; the folder is then as it was.
 */
export async function restoreBackup(
  archive: AsyncIterable<Uint8Array>,
  folder: string,
  { checkDatabase, uid, signal }: RestoreOptions,
): Promise<BackupManifest> {
  const isNew = await requireEmpty(folder, uid)
  const staged = join(folder, STAGED)
  try {
    await makeFolder(folder)
    await chmod(folder, 0o700)
    await rm(staged, { recursive: true, force: true })
    await mkdir(staged, { recursive: true, mode: 0o700 })
    const manifest = await unpack(archive, staged, signal)
    checkDatabase(join(staged, DATABASE))
    signal?.throwIfAborted()
    await writeFile(join(staged, RESTORED_FILE), JSON.stringify({ createdAt: manifest.createdAt }), { flush: true })
    await publish(staged, folder)
    return manifest
  } catch (error) {
    await rm(staged, { recursive: true, force: true })
    if (isNew) await rmdir(folder).catch(() => {})
    throw backupError(`restoring into ${folder}`, error)
  }
}

/** Whether there is none. Throws FOLDER_TAKEN, FOLDER_FOREIGN. */
async function requireEmpty(folder: string, uid: number): Promise<boolean> {
  let names: string[]
  try {
    names = await readdir(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return true
    throw error
  }
  const found = names.find((name) => !NOTHING.has(name))
  if (found !== undefined) {
    const hint = 'move what is there away, or name another folder by --data-dir; nothing is ever overwritten'
    throw new BackupError('FOLDER_TAKEN', `${folder} is not empty: it holds ${found}`, { hint })
  }
  const owner = (await stat(folder)).uid
  if (owner === uid) return false
  const hint = `remove the empty folder (rmdir ${folder}), or run this as its owner`
  throw new BackupError('FOLDER_FOREIGN', `${folder} belongs to user ${owner}, this is user ${uid}`, { hint })
}

/** Throws BACKUP_INVALID unless all that the manifest lists came, and nothing else. */
async function unpack(
  archive: AsyncIterable<Uint8Array>,
  staged: string,
  signal?: AbortSignal,
): Promise<BackupManifest> {
  const untar = extract()
  const feeding = pipeline(archive, untar, { signal })
  feeding.catch(() => {}) // reported below
  const digests = new Map<string, string>()
  let manifest: BackupManifest | undefined
  try {
    for await (const entry of untar) {
      const { name, type } = entry.header
      if (manifest) throw invalid(`${name} comes after the list of files`)
      if (type !== 'file' || !isSafe(name)) throw invalid(`${JSON.stringify(name)} is no file of a backup`)
      if (digests.has(name)) throw invalid(`${name} is in it twice`)
      const content = entry as AsyncIterable<Buffer>
      if (name === MANIFEST) manifest = await readManifest(entry.header, content)
      else digests.set(name, await store(content, join(staged, name)))
    }
    await feeding
  } catch (error) {
    signal?.throwIfAborted()
    if (error instanceof BackupError || (error as NodeJS.ErrnoException).syscall !== undefined) throw error
    throw invalid((error as Error).message, error)
  }
  if (!manifest) throw invalid('it ends before its list of files: it was cut short, or is something else')
  const wrong = manifest.files.find(({ name, sha256 }) => digests.get(name) !== sha256)
  if (wrong) throw invalid(`${wrong.name} is not what was backed up`)
  const listed = new Set(manifest.files.map(({ name }) => name))
  const foreign = digests.keys().find((name) => !listed.has(name))
  if (foreign !== undefined) throw invalid(`${foreign} is not in its list of files`)
  if (!digests.has(DATABASE)) throw invalid('it holds no database')
  return manifest
}

async function readManifest({ size }: Header, content: AsyncIterable<Buffer>): Promise<BackupManifest> {
  if (size > MAX_MANIFEST_BYTES) throw invalid('its list of files is too long')
  const text = Buffer.concat(await Array.fromAsync(content)).toString()
  const parsed = BackupManifest.safeParse(JSON.parse(text))
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw invalid(`${MANIFEST}: ${issue!.path.join('.')}: ${issue!.message}`, parsed.error)
}

/** Writes one file and resolves to its SHA-256. */
async function store(content: AsyncIterable<Buffer>, path: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const hash = createHash('sha256')
  const hashed = async function* () {
    for await (const chunk of content) {
      hash.update(chunk)
      yield chunk
    }
  }
  await pipeline(hashed, createWriteStream(path, { flags: 'wx', mode: 0o600, flush: true }))
  return hash.digest('hex')
}

async function publish(staged: string, folder: string): Promise<void> {
  const isDatabase = (name: string) => name.startsWith(DATABASE)
  const names = (await readdir(staged)).toSorted((a, b) => Number(isDatabase(a)) - Number(isDatabase(b)))
  const moved: string[] = []
  try {
    for (const name of names) {
      await rename(join(staged, name), join(folder, name))
      moved.push(join(folder, name))
    }
  } catch (error) {
    for (const path of moved) await rm(path, { recursive: true, force: true })
    throw error
  }
  await rmdir(staged)
  await syncFolder(folder)
}

function isSafe(name: string): boolean {
  return name.split('/').every((part) => part !== '' && part !== '.' && part !== '..' && !part.includes('\0'))
}

function invalid(why: string, cause?: unknown): BackupError {
  const hint = 'nothing was restored; take another backup'
  return new BackupError('BACKUP_INVALID', `not a whole backup of Landfall: ${why}`, { cause, hint })
}
