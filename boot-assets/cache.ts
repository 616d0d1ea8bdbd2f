// Content-keyed folders on this machine's disk: built once, shared by all processes, never seen half-made.
import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

export class CacheError extends Error {
  override name = 'CacheError'
  readonly code: 'CACHE_UNWRITABLE' | 'LOCK_FAILED'
  constructor(code: CacheError['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Folder of this machine's cache of that name: below `$LANDFALL_CACHE`, else `$XDG_CACHE_HOME/landfall`, else `~/.cache/landfall`. */
export function cacheDir(name: string): string {
  const { LANDFALL_CACHE, XDG_CACHE_HOME } = process.env
  return join(LANDFALL_CACHE || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'landfall'), name)
}

export interface BuildOnceOptions {
  /** An entry made before this time (milliseconds since the epoch) is built anew and replaced. */
  notBefore?: number
  /** How many entries of this name to keep; the least recently used others go, once a day has passed. Default: all. */
  keep?: number
  /** Called once, when another process or call is building the same entry and this one waits for it. */
  onWait?: () => void
}

/** The key `buildOnce` files an entry under: SHA-256 of the parts as JSON. */
export function cacheKey(keyParts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(keyParts)).digest('hex')
}

/**
 * Path of the folder `<cache>/<name>/<sha256 of keyParts>`, filled by `build` if it is not there yet. `build` writes into
 * a temporary folder that is renamed when it is done, so a folder under its key is complete; if `build` fails, nothing
 * stays behind and its error is thrown. Concurrent callers, in any process, wait for the one that builds. `keyParts` must
 * cover everything that shapes the content.
 */
export async function buildOnce(
  name: string,
  keyParts: readonly unknown[],
  build: (dir: string) => Promise<void>,
  { notBefore = 0, keep = Infinity, onWait }: BuildOnceOptions = {},
): Promise<string> {
  const parent = cacheDir(name)
  const key = cacheKey(keyParts)
  const final = join(parent, key)
  if (await isUsable(final, notBefore)) return final

  await makeFolder(parent)
  const release = await lock(join(parent, `${key}.lock`), onWait)
  try {
    if (await isUsable(final, notBefore)) return final
    await removeLeftovers(parent, key)
    const temporary = join(parent, `${key}.${randomBytes(4).toString('hex')}.tmp`)
    await mkdir(temporary)
    try {
      await build(temporary)
      // The time of the folder itself is when it was made: `notBefore` compares it.
      await utimes(temporary, new Date(), new Date())
      await replace(temporary, final)
    } catch (error) {
      await removeTree(temporary)
      throw error
    }
    await removeUnused(parent, keep)
    return final
  } finally {
    release()
  }
}

const DAY_MS = 86_400_000

/** Whether the entry is there and young enough; notes in its access time that it was used. */
async function isUsable(dir: string, notBefore: number): Promise<boolean> {
  const info = await stat(dir).catch(() => undefined)
  if (info === undefined || info.mtimeMs < notBefore) return false
  // A cache that may only be read serves as well; its entries just look unused.
  await utimes(dir, new Date(), info.mtime).catch(() => {})
  return true
}

async function makeFolder(dir: string): Promise<void> {
  try {
    await mkdir(dir, { recursive: true })
  } catch (cause) {
    throw new CacheError('CACHE_UNWRITABLE', `creating cache folder ${dir}: set LANDFALL_CACHE to a writable one`, {
      cause,
    })
  }
}

/** Renames a finished folder to its place; what stood there goes first, under a name `removeLeftovers` knows. */
async function replace(temporary: string, final: string): Promise<void> {
  const old = `${final}.old.tmp`
  const hadOld = await rename(final, old).then(
    () => true,
    () => false,
  )
  await rename(temporary, final)
  if (hadOld) await removeTree(old)
}

/** What killed builds left: of this key, whose lock the caller holds, and anything a day old. */
async function removeLeftovers(parent: string, key: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!name.endsWith('.tmp')) continue
    const path = join(parent, name)
    if (name.startsWith(`${key}.`) || (await isDayOld(path, 'mtimeMs'))) await removeTree(path)
  }
}

/** Removes the least recently used entries beyond the first `keep`. One used within a day may be in use still. */
async function removeUnused(parent: string, keep: number): Promise<void> {
  const entries = (await readdir(parent))
    .filter((name) => /^[0-9a-f]{64}$/.test(name))
    .map((name) => join(parent, name))
  if (entries.length <= keep) return
  const used = await Promise.all(entries.map(async (path) => ({ path, at: (await stat(path)).atimeMs })))
  for (const { path } of used.toSorted((one, two) => two.at - one.at).slice(keep)) {
    if (await isDayOld(path, 'atimeMs')) await removeTree(path)
  }
}

async function isDayOld(path: string, time: 'atimeMs' | 'mtimeMs'): Promise<boolean> {
  const info = await stat(path).catch(() => undefined)
  return info !== undefined && info[time] < Date.now() - DAY_MS
}

async function removeTree(dir: string): Promise<void> {
  await rm(dir, { recursive: true, force: true, maxRetries: 3 })
}

/**
 * Takes an exclusive lock and returns the function that gives it back. Node has no flock(2), so util-linux's `flock` holds
 * it for us, for as long as our end of its stdin is open: the kernel frees the lock however this process ends, and no
 * stale lock exists to be detected.
 */
async function lock(file: string, onWait?: () => void): Promise<() => void> {
  const holder = spawn('flock', ['--exclusive', '--no-fork', file, 'sh', '-c', 'echo held; exec cat >/dev/null'], {
    stdio: ['pipe', 'pipe', 'pipe'],
    // Its own process group: an interrupt typed at the terminal must not free the lock before we have cleaned up.
    detached: true,
  })
  const waiting = onWait && setTimeout(onWait, 500)
  try {
    await new Promise<void>((resolve, reject) => {
      let complaint = ''
      holder.stderr.on('data', (data: Buffer) => (complaint += data.toString()))
      holder.stdout.once('data', () => resolve())
      holder.once('error', reject)
      holder.once('exit', (code) => reject(new Error(`flock ended with ${code}: ${complaint.trim()}`)))
    })
  } catch (cause) {
    throw new CacheError('LOCK_FAILED', `locking ${file} (by flock of util-linux)`, { cause })
  } finally {
    clearTimeout(waiting)
  }
  return () => holder.stdin.end()
}
