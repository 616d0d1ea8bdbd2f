// When images were read last, to the minute: one write per request would be too many.
import type { Clock } from './clock.ts'
import { unlessStoreFails } from './errors.ts'
import type { ImageRecords } from './images.ts'
import { RecentMap } from './recent-map.ts'

const PRECISION_MS = 60_000
/** Read within one minute; beyond it, some are written more often. */
const MAX_REMEMBERED = 10_000

export class ImageUses {
  readonly #ports: { records: Pick<ImageRecords, 'noteUse'>; clock: Clock }
  readonly #noted = new RecentMap<string, number>()

  constructor(ports: { records: Pick<ImageRecords, 'noteUse'>; clock: Clock }) {
    this.#ports = ports
  }

  note(repository: string, digest: string): void {
    const now = this.#ports.clock.now()
    const key = `${repository}@${digest}`
    if (now.getTime() - (this.#noted.get(key) ?? -Infinity) < PRECISION_MS) return
    this.#noted.set(key, now.getTime())
    if (this.#noted.size > MAX_REMEMBERED) this.#noted.delete(this.#noted.oldest()!.key)
    unlessStoreFails(() => this.#ports.records.noteUse(repository, digest, now.toISOString()))
  }
}
