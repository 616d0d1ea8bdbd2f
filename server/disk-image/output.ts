// The file that a build ends with: whole under its name, or not there; nothing of a killed build stays.
import { constants } from 'node:fs'
import { access, link, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { ownedNames } from '../host/owned-names.ts'
import { DiskImageError } from './errors.ts'

const { ownedName, isOrphan } = ownedNames('.landfall-disk-image')

export interface Output extends AsyncDisposable {
  /** Folder for everything that is made on the way, on the file system of the result. */
  readonly workFolder: string
  /** Puts a finished file of that folder in place, durably. Throws OUTPUT_EXISTS when somebody was quicker and force is off. */
  publish(file: string): Promise<void>
}

/** Refuses what exists already (unless `force`) and folders that cannot be written. Throws OUTPUT_EXISTS, OUTPUT_UNWRITABLE. */
export async function checkOutput(file: string, force: boolean): Promise<void> {
  const folder = dirname(resolve(file))
  await access(folder, constants.W_OK | constants.X_OK).catch((cause: NodeJS.ErrnoException) => {
    throw new DiskImageError('OUTPUT_UNWRITABLE', `writing ${file}: ${cause.code} for folder ${folder}`, { cause })
  })
  const there = await stat(file).catch(() => undefined)
  if (there?.isFile() === false) throw new DiskImageError('OUTPUT_UNWRITABLE', `${file} is there and is not a file`)
  if (there && !force) throw existsAlready(file)
}

/** Makes the work folder beside `file`, after removing those of killed builds. Disposing removes it. */
export async function openOutput(file: string, force: boolean): Promise<Output> {
  const target = resolve(file)
  const folder = dirname(target)
  for (const name of (await readdir(folder)).filter(isOrphan)) {
    await rm(join(folder, name), { recursive: true, force: true })
  }
  const workFolder = join(folder, ownedName(basename(target)))
  await mkdir(workFolder, { mode: 0o700 })
  return {
    workFolder,
    async publish(made) {
      await sync(made)
      if (force) await rename(made, target)
      else await linkNew(made, target)
      await sync(folder)
    },
    [Symbol.asyncDispose]: () => rm(workFolder, { recursive: true, force: true, maxRetries: 3 }),
  }
}

/** Unlike a rename, a link never replaces. Where there are no links, the check at the beginning has to do. */
async function linkNew(made: string, target: string): Promise<void> {
  try {
    await link(made, target)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') throw existsAlready(target)
    if (code !== 'EPERM' && code !== 'ENOTSUP') throw error
    await rename(made, target)
  }
}

function existsAlready(file: string): DiskImageError {
  return new DiskImageError('OUTPUT_EXISTS', `${file} exists already`, { hint: '--force replaces it' })
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
