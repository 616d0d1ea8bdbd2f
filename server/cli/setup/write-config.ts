// Writes a configuration that was checked, whole or not at all.
import { link, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { CliError } from '../errors.ts'

/** `check` throws for what the server would refuse, and nothing is changed then. An existing file stays unless `replace`. Throws CliError. */
export async function writeConfig(
  file: string,
  text: string,
  { replace, check }: { replace: boolean; check: (file: string) => void },
): Promise<void> {
  const partial = `${file}.${process.pid}.part`
  try {
    await mkdir(dirname(file), { recursive: true })
    await writeFile(partial, text, { flag: 'wx' })
    check(partial)
    if (replace) await rename(partial, file)
    // Unlike a rename, this fails where a file is.
    else await link(partial, file)
  } catch (cause) {
    const { code } = cause as { code?: string }
    if (code === 'EEXIST') {
      throw new CliError(`${file} is there already: nothing was changed`, { cause, hint: '--force replaces it' })
    }
    if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
      throw new CliError(`writing ${file}: ${code}`, { cause, hint: 'run as root, or give --file' })
    }
    throw cause
  } finally {
    await rm(partial, { force: true })
  }
}
