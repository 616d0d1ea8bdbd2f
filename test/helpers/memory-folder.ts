// Temporary folders in memory: programs that flush every file they write are slow on a disk that is busy elsewhere.
import { accessSync, constants, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A fresh folder whose name begins with `prefix`, in memory where the host has a file system for that. Who asks removes it. */
export function memoryFolder(prefix: string): string {
  return mkdtempSync(join(shared() ?? tmpdir(), prefix))
}

function shared(): string | undefined {
  try {
    accessSync('/dev/shm', constants.W_OK | constants.X_OK)
    return '/dev/shm'
  } catch {
    return undefined
  }
}
