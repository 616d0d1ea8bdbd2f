// Copies of the database for backups. Whoever runs the backup takes them away; what nobody took goes with the next start.
import { randomUUID } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { SnapshotRequest } from '../contract/snapshot.ts'
import type { Database } from './database.ts'

interface SnapshotsOptions {
  database: Pick<Database, 'snapshot'>
  /** Keeps the files of all images that are stored now from being removed for the next hour. */
  keepImages: () => Promise<void>
}

export class Snapshots {
  readonly #folder: string
  readonly #options: SnapshotsOptions

  private constructor(folder: string, options: SnapshotsOptions) {
    this.#folder = folder
    this.#options = options
  }

  /** Makes the folder anew. */
  static async open(folder: string, options: SnapshotsOptions): Promise<Snapshots> {
    await rm(folder, { recursive: true, force: true })
    await mkdir(folder, { mode: 0o700 })
    return new Snapshots(folder, options)
  }

  /** Resolves to the name of the new file in the folder; what failed or was aborted leaves none. */
  async take(
    { keepImages = false }: SnapshotRequest,
    onProgress: (done: number, total: number) => void,
    signal?: AbortSignal,
  ): Promise<string> {
    const name = `${randomUUID()}.db`
    const file = join(this.#folder, name)
    // Before the copy: what it names must still be there when it is read.
    if (keepImages) await this.#options.keepImages()
    try {
      await this.#options.database.snapshot(file, onProgress, signal)
      return name
    } catch (error) {
      await rm(file, { force: true })
      throw error
    }
  }
}
