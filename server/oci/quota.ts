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
  readonly #limit: number
  readonly #stored: () => number
  #arriving = 0

  /** `stored` tells the bytes that are there. */
  constructor(limit: number, stored: () => number) {
    this.#limit = limit
    this.#stored = stored
  }

  reserve(): Reservation {
    let taken = 0
    const stored = this.#stored()
    return {
      take: (bytes) => {
        const left = this.#limit - stored - this.#arriving
        if (bytes > left) throw exceeded(this.#limit, Math.max(0, left))
        taken += bytes
        this.#arriving += bytes
      },
      release: () => {
        this.#arriving -= taken
        taken = 0
      },
    }
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
