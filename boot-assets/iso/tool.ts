// Programs that make an ISO, and what their failing means to a person.
import { MediaError } from '../../server/media/errors.ts'
import { CommandError } from '../debian/run.ts'
import { IsoError } from './error.ts'

/** Translates what a program says, and what is wrong with what it wrote, into what a person can do about it. */
export async function tool<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause
    if (/No space left on device|ENOSPC/.test(cause.message)) {
      throw new IsoError('NO_SPACE', 'the disk became full while the ISO was written', { cause })
    }
    if (!(cause instanceof CommandError || cause instanceof MediaError)) throw cause
    throw new IsoError('TOOL_FAILED', cause.message, { cause })
  }
}
