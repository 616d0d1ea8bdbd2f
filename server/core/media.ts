// What boot media ask of SQLite. The files themselves are on disk.
import type { Media } from '../contract/media.ts'

export interface MediaRecord {
  media: Omit<Media, 'users'>
  /** Name of the folder that holds ISO and tree. */
  folder: string
}

/** Durable metadata of boot media. Synchronous: a returned call is on disk. */
export interface MediaRecords {
  /** By id. */
  list(): MediaRecord[]
  get(id: string): MediaRecord | undefined
  /** Replaces an older record of the same id. */
  put(record: MediaRecord): void
  /** False when there was none. */
  remove(id: string): boolean
}
