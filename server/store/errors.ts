// Why the database cannot be opened. What fails later arrives as CoreError, which is what the rest of the server knows.
import { CodedError } from '../contract/coded-error.ts'
import { CoreError } from '../core/errors.ts'

export type StoreErrorCode =
  /** Written by a newer Landfall. */
  | 'TOO_NEW'
  /** Not a database of Landfall, or a damaged one. */
  | 'UNREADABLE'
  /** Another process has it open. */
  | 'IN_USE'
  | 'MIGRATION_FAILED'
  | 'CANNOT_OPEN'

export class StoreError extends CodedError<StoreErrorCode> {
  override readonly name = 'StoreError'
}

/** SQLite's result code of an error, such as `SQLITE_FULL`; undefined for any other error. */
export function sqliteCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined
  return error.code.startsWith('SQLITE_') ? error.code : undefined
}

/** Translates a failure of the disk below the database into what callers can act on; anything else passes unchanged. */
export function translateFailure(error: unknown, file: string): unknown {
  const code = sqliteCode(error)
  if (code === undefined || code.startsWith('SQLITE_CONSTRAINT') || code === 'SQLITE_ERROR') return error
  const options = { cause: error }
  if (code === 'SQLITE_FULL') {
    const hint = 'free space on the file system of the data directory; nothing that was answered before is lost'
    return new CoreError('STORE_FULL', `writing ${file}: the disk is full`, { ...options, hint })
  }
  if (code.startsWith('SQLITE_READONLY')) {
    const hint = 'check the permissions and the mount options of the data directory'
    return new CoreError('STORE_UNAVAILABLE', `writing ${file}: it is read-only`, { ...options, hint })
  }
  return new CoreError('STORE_UNAVAILABLE', `using ${file}: ${(error as Error).message} (${code})`, options)
}
