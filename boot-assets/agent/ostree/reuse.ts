// A repository whose install was cut off: what it holds of layers stays, and is looked at byte by byte before it counts.
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LayerMarks } from './layer-marks.ts'
import { io } from './repo.ts'
import type { Repo } from './repo.ts'

/** Of everything that names commits, only the refs of layers stay: those of a deployment would keep it over the next prune. */
const LAYER_REFS = 'ostree/container/blob'

/** Says of a repository that its system is not complete. Without the note it is somebody's, and nothing to tidy up. */
export class UnfinishedNote {
  readonly #path: string

  constructor(repo: Repo) {
    this.#path = join(repo.path, 'state/landfall-unfinished')
  }

  get exists(): boolean {
    return existsSync(this.#path)
  }

  write(): void {
    io('noting the install', () => writeFileSync(this.#path, ''))
  }

  remove(): void {
    io('removing the note of the install', () => rmSync(this.#path, { force: true }))
  }
}

/** Leaves objects and the layers' refs, and has the next import verify every one of them. */
export function keepLayers(repo: Repo): void {
  io('tidying up the repository of an earlier attempt', () => {
    removeAllBut(join(repo.path, 'refs/heads'), [LAYER_REFS])
    removeAllBut(join(repo.path, 'tmp'), ['cache'])
  })
  new LayerMarks(repo).begin()
}

/** Empties a folder, but for these paths below it and what they hold. */
export function removeAllBut(folder: string, kept: readonly string[]): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    const below = kept.filter((way) => way.startsWith(`${name}/`)).map((way) => way.slice(name.length + 1))
    if (below.length > 0) removeAllBut(path, below)
    else if (!kept.includes(name)) rmSync(path, { recursive: true, force: true })
  }
}
