// The data folder changes hands: from root, who served so far, to the user who serves from now on.
import { lchown, lstat, mkdir, opendir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Account } from '../host/accounts.ts'
import { PrivilegeError } from './errors.ts'

export interface Owner {
  uid: number
  gid: number
}

/** Undefined when there is no such folder. */
export async function ownerOf(folder: string): Promise<Owner | undefined> {
  try {
    const { uid, gid } = await lstat(folder)
    return { uid, gid }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Makes the folder for the account, readable by nobody else; folders above it are made for everybody. */
export async function makeFolder(folder: string, { uid, gid }: Account): Promise<void> {
  await mkdir(dirname(folder), { recursive: true })
  await mkdir(folder, { mode: 0o700 })
  await lchown(folder, uid, gid)
}

/**
 * Gives a folder of root with all that is in it to the account, the folder itself last: while it is root's, nobody else can change what is in
 * it, and a change that was interrupted is taken up at the next start. Files with several names stay root's, as they are shared with the cache
 * of built boot files, which the account must not be able to change. Resolves to the number of entries that changed hands.
 */
export async function giveFolder(folder: string, account: Account): Promise<number> {
  let given = 0
  for await (const entry of await opendir(folder)) {
    if (entry.name === LOST_AND_FOUND) continue
    const path = join(folder, entry.name)
    if (entry.isDirectory()) given += await giveFolder(path, account)
    else if (!entry.isFile() || (await lstat(path)).nlink === 1) {
      await lchown(path, account.uid, account.gid)
      given += 1
    }
  }
  await lchown(folder, account.uid, account.gid)
  return given + 1
}

/** How deep foreign files are looked for: the database, the keys and the folders of images and media lie that high. */
const DEPTH = 2
/** Every ext4 file system has it at its top, and it stays root's. */
const LOST_AND_FOUND = 'lost+found'

/**
 * Throws FOREIGN_FILES when the folder, or something high up in it, is not the account's. Root does not mend that here: where somebody else
 * may rename things meanwhile, it could be led to files outside of the folder.
 */
export async function checkOwner(folder: string, account: Account): Promise<void> {
  const foreign = await firstForeign(folder, account.uid, DEPTH)
  if (foreign === undefined) return
  throw new PrivilegeError('FOREIGN_FILES', `user: ${foreign} does not belong to ${account.name}`, {
    hint: `\`chown -Rh ${account.name}: ${folder}\` gives all of the data folder over; or set user to its owner`,
  })
}

async function firstForeign(path: string, uid: number, depth: number): Promise<string | undefined> {
  const stats = await lstat(path)
  if (stats.uid !== uid && (stats.isDirectory() || stats.nlink === 1)) return path
  if (!stats.isDirectory() || depth === 0) return undefined
  for await (const { name } of await opendir(path)) {
    if (name === LOST_AND_FOUND) continue
    const found = await firstForeign(join(path, name), uid, depth - 1)
    if (found !== undefined) return found
  }
  return undefined
}
