// Key and certificate files: readable by the owner only, whole or absent.
import { chmod, mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { PkiError } from './errors.ts'

/** Content of a PEM file; undefined when there is none. Throws PKI_UNREADABLE. */
export async function readPem(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new PkiError('PKI_UNREADABLE', `reading ${file}: ${(cause as Error).message}`, { cause })
  }
}

/** Writes a PEM file with mode 0600; a crash leaves the old content or the new one. Throws PKI_UNWRITABLE. */
export async function writePem(file: string, pem: string): Promise<void> {
  const temporary = `${file}.new`
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    const handle = await open(temporary, 'w', 0o600)
    try {
      // A file left by a crash keeps its old mode when it is opened again.
      await chmod(temporary, 0o600)
      await handle.writeFile(pem)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, file)
  } catch (cause) {
    throw new PkiError('PKI_UNWRITABLE', `writing ${file}: ${(cause as Error).message}`, { cause })
  }
}
