// The EFI system partition of an ISO: a FAT image with the signed loaders, made without root.
import { stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { IsoFile } from './layout.ts'
import type { IsoKit } from './kit.ts'

const KIB = 1024
const MIB = KIB * KIB
/** FAT itself, directories, and files rounded up to clusters. */
const OVERHEAD = MIB
const SECTOR = 512

/**
 * Writes `folder`/esp.img and returns its path. `files` are named by their paths on the partition. The same files give the same bytes:
 * `date` is the time of all, seconds since 1970, and the volume's serial number is fixed.
 */
export async function makeEsp(
  kit: Pick<IsoKit, 'run'>,
  files: readonly IsoFile[],
  { folder, date, signal }: { folder: string; date: number; signal?: AbortSignal },
): Promise<string> {
  const image = join(folder, 'esp.img')
  const sizes = await Promise.all(files.map(async ({ source }) => (await stat(source)).size))
  const bytes = Math.ceil((sizes.reduce((sum, size) => sum + size, 0) + OVERHEAD) / MIB) * MIB
  await writeFile(image, Buffer.alloc(bytes))
  const env = { SOURCE_DATE_EPOCH: String(date), MTOOLSRC: '/dev/null', MTOOLS_SKIP_CHECK: '1' }
  const options = { env, ...(signal && { signal }) }
  const geometry = ['-T', String(bytes / SECTOR), '-h', '64', '-s', '32']
  await kit.run('mformat', ['-i', image, ...geometry, '-N', '4C46444C', '-v', 'LANDFALL', '::'], options)
  const folders = new Set(files.flatMap(({ path }) => parentsOf(path)))
  if (folders.size > 0) {
    await kit.run('mmd', ['-i', image, ...[...folders].toSorted().map((name) => `::${name}`)], options)
  }
  for (const { path, source } of files) await kit.run('mcopy', ['-i', image, source, `::${path}`], options)
  return image
}

/** `/EFI` and `/EFI/BOOT` of `/EFI/BOOT/grubx64.efi`. */
function parentsOf(path: string): string[] {
  const parts = path.split('/').slice(1, -1)
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join('/')}`)
}
