// pykickstart, whose word on a kickstart is Anaconda's. Not in Debian: it comes from PyPI into a virtual environment in the cache.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cacheDir } from '../../boot-assets/cache.ts'

const run = promisify(execFile)
const VERSION = '3.78'

function folder(): string {
  return join(cacheDir('pykickstart'), VERSION)
}

/** Path of `ksvalidator`, or undefined where it could not be had. */
export function ksvalidator(): string | undefined {
  const path = join(folder(), 'bin/ksvalidator')
  return existsSync(path) ? path : undefined
}

/** Installs it on first use; without PyPI it says so, and the tests that need it are skipped. */
export async function installPykickstart(log: (line: string) => void): Promise<void> {
  if (ksvalidator() !== undefined) return
  const venv = folder()
  log(`tests     installing pykickstart ${VERSION} into ${venv}`)
  await rm(venv, { recursive: true, force: true })
  try {
    await run('python3', ['-m', 'venv', venv])
    await run(join(venv, 'bin/python'), ['-m', 'pip', 'install', '--quiet', `pykickstart==${VERSION}`])
  } catch (error) {
    await rm(venv, { recursive: true, force: true })
    log(
      `tests     pykickstart cannot be installed, its tests will be skipped: ${(error as Error).message.split('\n')[0]}`,
    )
  }
}
