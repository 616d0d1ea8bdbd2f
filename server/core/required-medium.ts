// The boot medium that a spec names, or why an install by Anaconda cannot do without.
import { CoreError } from './errors.ts'

/** Throws MEDIA_NOT_FOUND when the spec names none, and when there is none of that id. */
export function requiredMedium<Medium>(id: string | undefined, medium: (id: string) => Medium | undefined): Medium {
  if (id === undefined) {
    throw new CoreError('MEDIA_NOT_FOUND', 'installer anaconda needs a boot medium, and the spec names none', {
      hint: 'set media to an id of `landfall media list`; `landfall media import boot.iso` brings one in',
    })
  }
  const found = medium(id)
  if (found !== undefined) return found
  throw new CoreError('MEDIA_NOT_FOUND', `there is no boot medium ${id}`, {
    hint: '`landfall media list` shows those there are; `landfall media import boot.iso` brings one in',
  })
}
