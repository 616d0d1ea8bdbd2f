// Which layers of an import are done, noted in the repository until the import is: what one that did not come to its end left can be used.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Checksum } from './objects.ts'
import { io } from './repo.ts'
import type { Repo } from './repo.ts'

/**
 * Marks are no refs: nothing was flushed when they are made, so after a power cut they and what they name may be there or not. They count only
 * once {@link salvage} has looked at every object.
 */
export class LayerMarks {
  readonly #folder: string

  constructor(repo: Repo) {
    this.#folder = join(repo.path, 'state/landfall-layers')
  }

  /** Whether an import began and did not end. */
  get exist(): boolean {
    return existsSync(this.#folder)
  }

  begin(): void {
    io('noting the import', () => mkdirSync(this.#folder, { recursive: true }))
  }

  /** Notes the commit that a layer became. */
  set(digest: string, commit: Checksum): void {
    io('noting a layer', () => writeFileSync(this.#path(digest), commit))
  }

  /** The commit that a layer became; null if it did not. */
  get(digest: string): Checksum | null {
    if (!existsSync(this.#path(digest))) return null
    const text = io('reading the note of a layer', () => readFileSync(this.#path(digest), 'latin1'))
    return /^[0-9a-f]{64}$/.test(text) ? text : null
  }

  end(): void {
    io('removing the notes of the import', () => rmSync(this.#folder, { recursive: true, force: true }))
  }

  #path(digest: string): string {
    return join(this.#folder, digest.replace(':', '-'))
  }
}
