// Disks that another test holds without knowing.
import { closeSync, constants, openSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

const { O_RDONLY, O_EXCL } = constants
const TRIES = 480
const PAUSE_MS = 500

/**
 * Waits until nobody has a device mounted. A test beside this one may have made a mount namespace while this one had the device mounted: its
 * copy of the mount holds the file system until that namespace ends, and what is on the disk is not all that was written. Throws EBUSY after
 * four minutes, in which a file of tests ends.
 */
export async function untilFree(device: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      // open(2): of a block device O_EXCL alone wants that nobody uses it, in whatever namespace.
      closeSync(openSync(device, O_RDONLY | O_EXCL))
      return
    } catch (error) {
      if (tries === TRIES || (error as NodeJS.ErrnoException).code !== 'EBUSY') throw error
      await sleep(PAUSE_MS)
    }
  }
}
