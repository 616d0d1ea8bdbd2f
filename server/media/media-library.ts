// Boot media as the rest of the server uses them: bring an ISO in, list, check, remove, find the files machines ask for.
import { randomUUID } from 'node:crypto'
import { mkdir, readdir, rename, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { formatBytes } from '../contract/bytes.ts'
import type { Media, MediaProgress } from '../contract/media.ts'
import type { MediaRecord, MediaRecords } from '../core/media.ts'
import { MediaError, storeError } from './errors.ts'
import { syncFolder } from '../host/durable-files.ts'
import { entriesBelow, openFolders, removeFolder } from './files.ts'
import { checksumVerdict } from './implanted-md5.ts'
import type { IsoReading } from './implanted-md5.ts'
import { digestAt, readInstallerTree, verifyFiles } from './installer-tree.ts'
import type { InstallerTree } from './installer-tree.ts'
import { bytesOf, requireInstaller, requireSafe, wantedOf } from './iso-tree.ts'
import { receiveIso, tooLarge } from './receive.ts'
import type { ReceivedIso } from './receive.ts'
import type { IsoUnpacker } from './xorriso.ts'

export type OnMediaProgress = (progress: Extract<MediaProgress, { type: 'progress' }>) => void

type OnBytes = (bytes: number, totalBytes: number) => void

export interface MediaLibraryOptions {
  unpacker: IsoUnpacker
  /** Profiles and machines whose spec names a medium. */
  inUse: (id: string) => number
  now?: () => Date
  maxBytes?: number
}

export interface ImportInput {
  source: AsyncIterable<Uint8Array>
  /** What people call it; by default product, version and architecture. */
  name?: string | undefined
  /** What the sender says it will send. */
  expectedBytes?: number | undefined
}

/** The largest DVD there is has some 14 GB. */
const MAX_ISO_BYTES = 32 * 2 ** 30
/** Left free for the database and logs. */
const RESERVE_BYTES = 64 * 2 ** 20
const PROGRESS_INTERVAL_MS = 250
const INCOMING = 'incoming'
const ISO = 'source.iso'
const TREE = 'tree'

/** A medium is a folder with the ISO and its tree; it exists when its record does, so that nothing half-done is ever seen. */
export class MediaLibrary {
  readonly #folder: string
  readonly #records: MediaRecords
  readonly #options: Required<MediaLibraryOptions>
  /** Files of each medium by path, so that requests need no database. */
  readonly #served = new Map<string, { tree: string; paths: ReadonlySet<string> }>()

  private constructor(folder: string, records: MediaRecords, options: MediaLibraryOptions) {
    this.#folder = folder
    this.#records = records
    this.#options = { now: () => new Date(), maxBytes: MAX_ISO_BYTES, ...options }
    for (const record of records.list()) this.#serve(record)
  }

  /** Opens the library, dropping what a killed process left half-done. */
  static async open(folder: string, records: MediaRecords, options: MediaLibraryOptions): Promise<MediaLibrary> {
    const library = new MediaLibrary(folder, records, options)
    await library.#dropLeftOvers()
    return library
  }

  /** By id. */
  list(): Media[] {
    return this.#records.list().map((record) => this.#describe(record))
  }

  /** Throws MEDIA_NOT_FOUND. */
  get(id: string): Media {
    return this.#describe(this.#record(id))
  }

  /** Path of a file on disk by its path below `/media/`: `fedora-43-x86_64-1f2e3d4c/images/install.img`; undefined for anything else. */
  file(path: string): string | undefined {
    const slash = path.indexOf('/')
    const found = this.#served.get(path.slice(0, slash))
    const rest = path.slice(slash + 1)
    return found?.paths.has(rest) ? join(found.tree, rest) : undefined
  }

  /** Path of the ISO as it was imported; not to be changed. Throws MEDIA_NOT_FOUND. */
  iso(id: string): string {
    return join(this.#folder, this.#record(id).folder, ISO)
  }

  /**
   * Takes in an ISO. One that is here already is stored anew in its place, which mends a damaged copy. Nothing is visible before all of it is
   * verified and on disk. Throws MediaError.
   */
  async import(input: ImportInput, onProgress: OnMediaProgress, signal?: AbortSignal): Promise<Media> {
    await this.#options.unpacker.ready()
    await this.#requireRoom(input.expectedBytes ?? 0)
    const staged = join(this.#folder, INCOMING, randomUUID())
    try {
      await mkdir(staged, { recursive: true, mode: 0o700 })
      const received = await receiveIso(input.source, join(staged, ISO), {
        maxBytes: this.#options.maxBytes,
        onBytes: reporter(onProgress, 'receive', 'receiving the ISO'),
        signal,
      })
      const checksum = requireChecksum(received.reading)
      await this.#unpack(staged, received, onProgress, signal)
      const checking = unlessAborted(signal, reporter(onProgress, 'check', 'checking the files'))
      const tree = await readInstallerTree(join(staged, TREE), received.reading.volume.id, checking)
      return await this.#publish(staged, this.#recordOf(input, received, checksum, tree))
    } catch (error) {
      throw storeError('importing the ISO', error)
    } finally {
      await removeFolder(staged)
    }
  }

  /** Reads ISO and files again and compares them with what was imported. Throws MEDIA_NOT_FOUND, MEDIA_DAMAGED, ABORTED. */
  async verify(id: string, onProgress: OnMediaProgress, signal?: AbortSignal): Promise<Media> {
    const { media, folder } = this.#record(id)
    const totalBytes = media.sizeBytes + media.files.reduce((sum, { size }) => sum + size, 0)
    const report = unlessAborted(signal, reporter(onProgress, 'check', 'checking ISO and files'))
    let bytes = 0
    const count = (more: number) => report((bytes += more), totalBytes)
    const digest = await digestAt(join(this.#folder, folder, ISO), count)
    if (digest !== media.digest) {
      throw new MediaError('MEDIA_DAMAGED', `checking the ISO: got ${digest ?? 'no file'}, want ${media.digest}`, {
        hint: 'import it again: it replaces the damaged copy',
      })
    }
    await verifyFiles(join(this.#folder, folder, TREE), media.files, count)
    return this.get(id)
  }

  /** Removes a medium and its files. Throws MEDIA_NOT_FOUND, and MEDIA_IN_USE unless `force`. */
  async remove(id: string, { force = false }: { force?: boolean } = {}): Promise<Media> {
    const { folder } = this.#record(id)
    const media = this.get(id)
    if (media.users > 0 && !force) {
      const who = media.users === 1 ? 'a profile or machine names' : `${media.users} profiles and machines name`
      throw new MediaError('MEDIA_IN_USE', `${who} ${id}`, {
        hint: 'name another medium there first, or use `--force`: they cannot be installed from it any more',
      })
    }
    this.#records.remove(id)
    this.#served.delete(id)
    await this.#drop(folder)
    return media
  }

  async #unpack(
    staged: string,
    { reading, sizeBytes }: ReceivedIso,
    onProgress: OnMediaProgress,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { unpacker } = this.#options
    const iso = join(staged, ISO)
    const tree = join(staged, TREE)
    const root = await unpacker.root(iso)
    const names = wantedOf(root)
    const entries = await unpacker.list(iso, names)
    requireInstaller(root, entries)
    requireSafe(entries, sizeBytes)
    const totalBytes = bytesOf(entries)
    await this.#requireRoom(totalBytes)
    await mkdir(tree)
    const report = reporter(onProgress, 'unpack', `unpacking ${reading.volume.id}`)
    report(0, totalBytes)
    const watch = setInterval(() => {
      sizeOf(tree).then((bytes) => report(bytes, totalBytes), ignore)
    }, PROGRESS_INTERVAL_MS)
    try {
      await unpacker.extract(iso, names, tree, signal)
    } finally {
      clearInterval(watch)
    }
    await openFolders(tree)
    const unpacked = await sizeOf(tree)
    if (unpacked !== totalBytes) {
      throw new MediaError('MEDIA_INVALID', `unpacking the ISO: got ${unpacked} bytes of files, want ${totalBytes}`)
    }
  }

  #recordOf(
    { name }: ImportInput,
    { reading, sizeBytes, digest }: ReceivedIso,
    checksum: Media['checksum'],
    { recognised, release, boot, files, warnings }: InstallerTree,
  ): MediaRecord {
    const { product, slug, version, architecture, arch } = recognised
    const id = `${slug}-${version}-${arch}-${digest.slice('sha256:'.length).slice(0, 8)}`
      .toLowerCase()
      .replace(/[^a-z0-9._-]+/g, '-')
    const media = {
      id,
      name: name ?? `${product} ${version} (${arch})`,
      product,
      version,
      release,
      architecture,
      volumeId: reading.volume.id,
      sizeBytes,
      digest,
      checksum,
      boot,
      files,
      importedAt: this.#options.now().toISOString(),
      warnings,
    }
    return { media, folder: `${id}.${randomUUID().slice(0, 8)}` }
  }

  async #publish(staged: string, record: MediaRecord): Promise<Media> {
    const { id, digest } = record.media
    const older = this.#records.get(id)
    if (older && older.media.digest !== digest) {
      throw new MediaError('MEDIA_INVALID', `${id} is the id of another ISO, ${older.media.digest}`, {
        hint: 'remove that one first',
      })
    }
    await syncFolder(staged)
    await rename(staged, join(this.#folder, record.folder))
    await syncFolder(this.#folder)
    // Asked anew: another import of the same may have come first, and its folder is the one to drop.
    const replaced = this.#records.get(id)
    this.#records.put(record)
    this.#serve(record)
    if (replaced) await this.#drop(replaced.folder)
    return this.#describe(record)
  }

  /** After its record: should the process die meanwhile, the next one finishes. */
  async #drop(folder: string): Promise<void> {
    await removeFolder(join(this.#folder, folder)).catch((cause: unknown) => {
      throw storeError(`removing ${folder}`, cause)
    })
  }

  async #dropLeftOvers(): Promise<void> {
    const kept = new Set(this.#records.list().map(({ folder }) => folder))
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    for (const name of await readdir(this.#folder)) {
      if (!kept.has(name)) await removeFolder(join(this.#folder, name))
    }
    await mkdir(join(this.#folder, INCOMING))
  }

  async #requireRoom(bytes: number): Promise<void> {
    if (bytes > this.#options.maxBytes) throw tooLarge(bytes, this.#options.maxBytes)
    const { bavail, bsize } = await statfs(this.#folder)
    const free = bavail * bsize
    if (free >= bytes + RESERVE_BYTES) return
    throw new MediaError(
      'NO_SPACE',
      `storing the ISO: ${formatBytes(bytes)} do not fit, ${formatBytes(free)} are free`,
      {
        hint: 'free space below dataDir, or remove media with `landfall media remove`',
      },
    )
  }

  #serve({ media, folder }: MediaRecord): void {
    const paths = new Set(media.files.map(({ path }) => path))
    this.#served.set(media.id, { tree: join(this.#folder, folder, TREE), paths })
  }

  #record(id: string): MediaRecord {
    const record = this.#records.get(id)
    if (record) return record
    throw new MediaError('MEDIA_NOT_FOUND', `there is no boot medium ${id}`, {
      hint: '`landfall media list` shows them all',
    })
  }

  #describe({ media }: MediaRecord): Media {
    return { ...media, users: this.#options.inUse(media.id) }
  }
}

/** Throws CHECKSUM_WRONG, telling where the damage is when that can be told. */
function requireChecksum(reading: IsoReading): Media['checksum'] {
  const verdict = checksumVerdict(reading)
  if (verdict !== 'wrong') return verdict
  const { implanted, computed } = reading
  const message = `checking the ISO: its content has MD5 ${computed.md5}, the checksum in it says ${implanted!.md5}`
  throw new MediaError('CHECKSUM_WRONG', message, { hint: 'download it again: it is damaged, or was changed' })
}

async function sizeOf(folder: string): Promise<number> {
  let sum = 0
  for (const { path, type } of await entriesBelow(folder)) {
    if (type === 'file') sum += (await stat(join(folder, path))).size
  }
  return sum
}

function unlessAborted(signal: AbortSignal | undefined, report: OnBytes): OnBytes {
  return (bytes, totalBytes) => {
    if (signal?.aborted) throw new MediaError('ABORTED', `checking files: stopped after ${bytes} bytes`)
    report(bytes, totalBytes)
  }
}

/** Progress at most every quarter of a second, and at the end. */
function reporter(
  onProgress: OnMediaProgress,
  phase: Parameters<OnMediaProgress>[0]['phase'],
  message: string,
): OnBytes {
  let last = 0
  return (bytes, totalBytes) => {
    const now = Date.now()
    if (now - last < PROGRESS_INTERVAL_MS && bytes !== totalBytes) return
    last = now
    onProgress({ type: 'progress', phase, bytes, totalBytes, message })
  }
}

function ignore(): void {}
