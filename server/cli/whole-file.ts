// Files that commands write: whole or not at all.
import { rename, rm, writeFile } from 'node:fs/promises'
import { CliError } from './errors.ts'

/** An existing file is replaced only once all of the new one is there; only its owner may read it. Throws CliError. */
export async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  const partial = `${file}.${process.pid}.part`
  try {
    await writeFile(partial, bytes, { mode: 0o600 })
    await rename(partial, file)
  } catch (cause) {
    await rm(partial, { force: true })
    throw new CliError(`writing ${file}: ${(cause as NodeJS.ErrnoException).code}`, { cause })
  }
}
