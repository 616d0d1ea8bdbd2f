// How many bytes all images together may take, counting those that are still arriving.
import { formatBytes } from '../contract/bytes.ts'
import { OciError } from './errors.ts'

/** Room taken by something on its way in. */
export interface Reservation {
  /** Throws QUOTA_EXCEEDED, and then takes nothing. */
  take(bytes: number): void
  /** Gives back all of it: the bytes are stored and counted as such, or gone. */
  release(): void
}

export class StoreQuota {
  readonly limit: number
  readonly #count: () => number
  readonly #makeRoom: (bytes: number) => boolean
  /** As counted last: that takes too long for each piece of a blob. */
  #stored = 0
  #arriving = 0

  /** `stored` counts the bytes that are there; `makeRoom` frees that many of them or none, and tells which. */
  constructor(limit: number, stored: () => number, makeRoom: (bytes: number) => boolean = () => false) {
    this.limit = limit
    this.#count = stored
    this.#makeRoom = makeRoom
  }

  /** With `evict` false nothing has to go for it. */
  reserve({ evict = true }: { evict?: boolean } = {}): Reservation {
    let taken = 0
    this.#stored = this.#count()
    return {
      take: (bytes) => {
        if (bytes > this.#left) this.#free(bytes, evict)
        taken += bytes
        this.#arriving += bytes
      },
      release: () => {
        this.#arriving -= taken
        taken = 0
      },
    }
  }

  get #left(): number {
    return this.limit - this.#stored - this.#arriving
  }

  #free(bytes: number, evict: boolean): void {
    this.#stored = this.#count()
    if (evict && bytes > this.#left && this.#makeRoom(bytes - this.#left)) this.#stored = this.#count()
    if (bytes > this.#left) throw exceeded(this.limit, Math.max(0, this.#left))
  }
}

/** For stores without a limit. */
export const UNLIMITED: Pick<StoreQuota, 'reserve'> = { reserve: () => ({ take: () => {}, release: () => {} }) }

function exceeded(limit: number, left: number): OciError {
  return new OciError(
    'QUOTA_EXCEEDED',
    `images may take ${formatBytes(limit)} (images.maxBytes), ${formatBytes(left)} are left`,
    { hint: 'remove images with `landfall image delete`, then `landfall image gc`; or raise images.maxBytes' },
  )
}
