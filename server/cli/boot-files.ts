// Builds what machines boot and puts it where the server keeps it.
import { join } from 'node:path'

/** Says line by line what it does. Whatever touches the data folder happens inside of `asOwner`. */
export async function buildBootFiles(
  { dataDir, installer: { arm64 } }: { dataDir: string; installer: { arm64: boolean } },
  asOwner?: (work: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const started = Date.now()
  const log = (line: string) => console.error(`${((Date.now() - started) / 1000).toFixed(1).padStart(6)} s  ${line}`)
  const { buildBootAssets } = await import('../../boot-assets/build.ts')
  const { installBootFiles } = await import('../../boot-assets/install.ts')
  await installBootFiles(await buildBootAssets({ log, arm64 }), join(dataDir, 'boot'), asOwner)
}
