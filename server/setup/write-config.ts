// Writes a configuration that was checked, whole or not at all.
import { randomUUID } from 'node:crypto'
import { link, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { SetupError } from './errors.ts'

const UNWRITABLE: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT'])

/** `check` throws for what the server would refuse, and nothing is changed then. An existing file stays unless `replace`. Throws FILE_EXISTS, NOT_WRITABLE. */
export async function writeConfig(
  file: string,
  text: string,
  { replace, check }: { replace: boolean; check: (file: string) => void },
): Promise<void> {
  const partial = `${file}.${randomUUID()}.part`
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
      throw new SetupError('FILE_EXISTS', `${file} is there already: nothing was changed`, { cause })
    }
    if (code !== undefined && UNWRITABLE.has(code)) {
      throw new SetupError('NOT_WRITABLE', `writing ${file}: ${code}; nothing was changed`, { cause })
    }
    throw cause
  } finally {
    await rm(partial, { force: true })
  }
}
