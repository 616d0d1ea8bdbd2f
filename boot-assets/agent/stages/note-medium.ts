// Notes on the installed disk which medium installed it.
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { INSTALLED_FROM } from '../../../server/contract/medium.ts'
import type { Target } from '../disk/target.ts'

/**
 * From now on the boot menu of that medium starts this disk, so that a stick that was left in the machine does not install
 * again and again. Written last: an install that was interrupted is to be repeated.
 */
export async function noteMedium(target: Target, label: string): Promise<void> {
  const file = join(target.mountPoint, 'boot', INSTALLED_FROM, label)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, 'The boot menu of this medium starts this disk as long as this file is here.\n')
}
