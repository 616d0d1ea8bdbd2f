// The names of one layer, held against the rules by which the agent would take them in: what it would refuse on the machine is refused here.
import { mapHardlinkTarget, mapPath, REPO_PREFIX } from '../../boot-assets/agent/ostree/filter.ts'
import { OstreeError } from '../../boot-assets/agent/ostree/errors.ts'
import type { TarEntry } from '../../boot-assets/agent/stream/tar.ts'

/** Layers of systems have up to a hundred thousand. */
const MAX_NAMES = 1_000_000

export class LayerNames {
  readonly #files = new Set<string>()
  readonly #folders = new Set<string>([''])
  readonly #targets = new Set<string>()
  #hasObjects = false
  #lastFolder = ''

  /** Where the entry goes; null if nowhere. Throws OstreeError PATH_INVALID, PATH_CONFLICT, FILE_TYPE_UNSUPPORTED; RangeError beyond all bounds. */
  add({ type, path: given, target }: TarEntry): string | null {
    const path = mapPath(given)
    const linked = type === 'hardlink' ? mapHardlinkTarget(target) : undefined
    if (path === null) return null
    if (type === 'directory') {
      if (this.#files.has(path)) throw conflict(path)
      this.#addFolder(path)
      return path
    }
    if (path === '' || this.#folders.has(path)) throw conflict(path)
    if (type === 'device') {
      throw new OstreeError('FILE_TYPE_UNSUPPORTED', `layer has a device or fifo: ${JSON.stringify(given)}`)
    }
    this.#addFolder(path.slice(0, Math.max(0, path.lastIndexOf('/'))))
    if (path.startsWith(REPO_PREFIX)) this.#hasObjects = true
    else this.#files.add(path)
    if (linked !== undefined && !this.#files.has(linked)) this.#targets.add(linked)
    if (this.#files.size + this.#folders.size > MAX_NAMES) throw new RangeError(`more than ${MAX_NAMES} names`)
    return path
  }

  /** Throws OstreeError HARDLINK_TARGET_MISSING. Layers with OSTree objects link to those, by rules of their own. */
  end(): void {
    if (this.#hasObjects) return
    for (const target of this.#targets) {
      if (this.#files.has(target)) continue
      const message = `layer has a hardlink to ${JSON.stringify(target)}, which is not in it`
      throw new OstreeError('HARDLINK_TARGET_MISSING', message)
    }
  }

  /** Nothing may lie below a file or a symlink of the same layer. */
  #addFolder(path: string): void {
    // Entries come folder by folder.
    if (path === this.#lastFolder) return
    this.#lastFolder = path
    for (let at = path.length; at > 0; at = path.lastIndexOf('/', at - 1)) {
      const folder = path.slice(0, at)
      if (this.#folders.has(folder)) return
      if (this.#files.has(folder)) throw conflict(folder)
      this.#folders.add(folder)
    }
  }
}

function conflict(path: string): OstreeError {
  return new OstreeError('PATH_CONFLICT', `layer has ${JSON.stringify(path)} as a file and as a directory`)
}
