// Commands that look for a long time outlive a server that restarts.
import { setTimeout } from 'node:timers/promises'
import { CliError } from './errors.ts'

/** What `landfall` ends with when the server cannot be reached. */
const UNREACHABLE = 3
const PAUSE_MS = 2000

/** Calls again while the server cannot be reached, which it tells once, and gives up at `deadline` (milliseconds since the epoch). */
export async function patiently<T>(
  call: () => Promise<T>,
  { deadline = Infinity, pauseMs = PAUSE_MS }: { deadline?: number; pauseMs?: number } = {},
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await call()
    } catch (error) {
      if (!(error instanceof CliError) || error.exitCode !== UNREACHABLE || Date.now() + pauseMs > deadline) throw error
      if (tries === 1) console.error(`${error.message}; trying again`)
      await setTimeout(pauseMs)
    }
  }
}
