// What can go wrong with backups of a server.
import { CodedError } from '../contract/coded-error.ts'

export type BackupErrorCode =
  /** Nothing is ever replaced. */
  | 'FILE_EXISTS'
  /** The backup would become part of itself. */
  | 'FILE_INSIDE'
  /** Something went away or grew while it was read. */
  | 'SOURCE_CHANGED'
  /** Not a backup, or not as it was written. */
  | 'BACKUP_INVALID'
  /** There is something in the folder that a backup is to become. */
  | 'FOLDER_TAKEN'
  /** That folder is somebody else's. */
  | 'FOLDER_FOREIGN'
  | 'NO_SPACE'

export class BackupError extends CodedError<BackupErrorCode> {
  override readonly name = 'BackupError'
}

/** What a failed file operation means here; what is an answer already passes unchanged. */
export function backupError(doing: string, error: unknown): unknown {
  if ((error as { code?: unknown }).code !== 'ENOSPC') return error
  return new BackupError('NO_SPACE', `${doing}: the disk is full`, {
    cause: error,
    hint: 'free some space, and repeat it',
  })
}
