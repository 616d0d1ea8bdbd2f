// What can be wrong with an ISO, with the tree in it, or with this host.
import { CodedError } from '../contract/coded-error.ts'

export type MediaErrorCode =
  | 'NOT_AN_ISO'
  /** It ends before the length it tells itself. */
  | 'ISO_CUT_SHORT'
  | 'ISO_TOO_LARGE'
  /** The implanted MD5, or a checksum in .treeinfo, is not that of the content. */
  | 'CHECKSUM_WRONG'
  /** A sound medium, but not one that Landfall can install from. */
  | 'MEDIA_UNSUPPORTED'
  /** Its tree lacks something, or holds what no installer's tree holds. */
  | 'MEDIA_INVALID'
  /** What is stored is no longer what was imported. */
  | 'MEDIA_DAMAGED'
  | 'MEDIA_NOT_FOUND'
  | 'MEDIA_IN_USE'
  | 'XORRISO_MISSING'
  | 'XORRISO_FAILED'
  | 'NO_SPACE'
  | 'STORE_IO'
  | 'ABORTED'

/** An error about boot media; `code` is stable, `hint` names the next step. */
export class MediaError extends CodedError<MediaErrorCode> {
  override readonly name = 'MediaError'
}

/** What a failing file system means to a person; any other error as it is. */
export function storeError(doing: string, cause: unknown): Error {
  if (!(cause instanceof Error)) return new Error(String(cause))
  const { code, errno } = cause as NodeJS.ErrnoException
  if (errno === undefined) return cause
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    const hint = 'free space below dataDir, or remove media with `landfall media remove`'
    return new MediaError('NO_SPACE', `${doing}: no space left for boot media`, { cause, hint })
  }
  return new MediaError('STORE_IO', `${doing}: ${cause.message}`, { cause })
}
