// The first start after a restore: what was under way when the backup was made is over.
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { Timestamp } from '../contract/common.ts'

/** Left in the data folder by a restore, until a server has started with it. */
export const RESTORED_FILE = 'restored.json'

const Restored = z.object({ createdAt: Timestamp })

export interface Consequences {
  /** Ends all installs that are not over; returns how many there were. */
  cancelUnfinished(): number
  tell(message: string, data: { createdAt: string; cancelled: number }): void
}

/**
 * Ends the installs of a restored database, before any machine can ask: a machine may have been installed since, and would be wiped again by an
 * assignment of the past. Does nothing at any other start.
 */
export async function afterRestore(dataDir: string, { cancelUnfinished, tell }: Consequences): Promise<void> {
  const file = join(dataDir, RESTORED_FILE)
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  const { createdAt } = Restored.parse(JSON.parse(text))
  const cancelled = cancelUnfinished()
  const installs =
    cancelled === 1 ? '1 unfinished install was cancelled' : `${cancelled} unfinished installs were cancelled`
  tell(`this server was restored from a backup of ${createdAt}; ${installs}`, { createdAt, cancelled })
  await rm(file)
}
