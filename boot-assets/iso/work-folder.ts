// A place for what is needed only while an ISO is made.
import { mkdir, rm, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { IsoError } from './error.ts'

/**
 * Gives `work` an empty folder beside `output`, on the same file system, and removes it at the end, whatever happens; what a killed
 * run left there goes first. Throws IsoError OUTPUT_UNWRITABLE.
 */
export async function withWorkFolder<T>(output: string, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = `${resolve(output)}.tmp`
  try {
    const there = await stat(output).catch(() => undefined)
    if (there !== undefined && !there.isFile()) throw new Error('it is no file')
    await rm(folder, { recursive: true, force: true })
    // What passes through may hold secrets.
    await mkdir(folder, { mode: 0o700 })
  } catch (cause) {
    const hint = 'name a file in a folder that exists and may be written'
    throw new IsoError('OUTPUT_UNWRITABLE', `writing ${output}: ${(cause as Error).message}`, { cause, hint })
  }
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
