// What to say when the disk does not let images be stored.
import { OciError } from './errors.ts'

/** What a failing disk is to those who store images. */
export function ioError(doing: string, cause: unknown): OciError {
  if (isCode(cause, 'ENOSPC') || isCode(cause, 'EDQUOT')) {
    return new OciError('NO_SPACE', `${doing}: no space left for images`, {
      cause,
      hint: 'free space below dataDir or remove images with `landfall image delete` and `landfall image gc`',
    })
  }
  return new OciError('STORE_IO', `${doing}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
}

export function isCode(error: unknown, code: string): boolean {
  return (error as { code?: unknown } | null)?.code === code
}
