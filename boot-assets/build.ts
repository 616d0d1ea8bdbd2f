// Builds everything that is served but not kept in git: loaders, installer image, web interface. `npm run build`, with `-- --arch arm64`
// the installer for 64-bit ARM too.
import { existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { run } from './debian/run.ts'
import type { Log } from './debian/run.ts'
import { BUDGET_BYTES, buildInstaller } from './installer/build.ts'
import type { Installer } from './installer/build.ts'
import { ARCHITECTURES } from './installer/contents.ts'
import { buildIsoKit } from './iso/kit.ts'
import { buildLoaders } from './loaders/build.ts'

export interface BootAssets {
  installer: Installer
  /** That for 64-bit ARM, where it was asked for. */
  arm64?: Installer
  /** Folder with the loaders and their manifest.json. */
  loaders: string
  /** Folder with the web interface; undefined where this checkout has none. */
  web: string | undefined
}

const project = join(import.meta.dirname, '..')

export interface BuildOptions {
  /** Also the installer for 64-bit ARM. */
  arm64?: boolean
  log: Log
}

/** Builds what is not in the cache yet, one after the other, and says so line by line. */
export async function buildBootAssets({ log, arm64 = false }: BuildOptions): Promise<BootAssets> {
  const loaders = await buildLoaders({ log: prefixed(log, 'loaders') })
  const installer = await buildInstaller({ arch: 'amd64', log: prefixed(log, 'installer') })
  const forArm = arm64 ? await buildInstaller({ arch: 'arm64', log: prefixed(log, 'arm64') }) : undefined
  const web = await buildWeb(prefixed(log, 'web'))
  return { installer, ...(forArm && { arm64: forArm }), loaders, web }
}

/** Bundles the web interface into `web/dist`, unless that is newer than all its sources. */
export async function buildWeb(log: Log): Promise<string | undefined> {
  const folder = join(project, 'web')
  if (!existsSync(join(folder, 'vite.config.ts'))) return undefined
  const output = join(folder, 'dist')
  const built = await stat(join(output, 'index.html')).catch(() => undefined)
  if (built && built.mtimeMs > (await newestSource())) return output
  log('bundling the web interface')
  const vite = join(project, 'node_modules/vite/bin/vite.js')
  // Whatever this process is, a test for one: React would be the one for developers.
  await run(process.execPath, [vite, 'build', folder], { cwd: project, log, env: { NODE_ENV: 'production' } })
  return output
}

/** When the newest file that shapes the web interface changed, milliseconds since the epoch. */
async function newestSource(): Promise<number> {
  const folders = ['web', 'server/contract'].map((name) => join(project, name))
  const entries = await Promise.all(folders.map((dir) => readdir(dir, { recursive: true, withFileTypes: true })))
  const files = entries
    .flat()
    .filter((entry) => entry.isFile() && !entry.parentPath.startsWith(join(project, 'web/dist')))
    .map((entry) => join(entry.parentPath, entry.name))
  const times = await Promise.all(
    [...files, join(project, 'package-lock.json')].map(async (file) => (await stat(file)).mtimeMs),
  )
  return Math.max(...times)
}

function prefixed(log: Log, area: string): Log {
  return (line) => log(`${area.padEnd(9)} ${line}`)
}

async function table({ installer, arm64, loaders, web }: BootAssets): Promise<string> {
  const files = [
    installer.vmlinuz,
    installer.initrd,
    ...(arm64 ? [arm64.vmlinuz, arm64.initrd] : []),
    ...(await readdir(loaders)).toSorted().map((name) => join(loaders, name)),
  ]
  const rows = await Promise.all(files.map(async (file) => `${String((await stat(file)).size).padStart(11)}  ${file}`))
  const share = ((100 * installer.bytes) / BUDGET_BYTES).toFixed(1)
  return [
    '      bytes  file',
    ...rows,
    ...(web === undefined ? [] : [`${''.padStart(11)}  ${web}`]),
    `installer ${installer.version}: ${installer.bytes} bytes, ${share} % of ${BUDGET_BYTES}`,
  ].join('\n')
}

if (import.meta.main) {
  const started = Date.now()
  const seconds = (): string => ((Date.now() - started) / 1000).toFixed(1).padStart(6)
  try {
    const log: Log = (line) => console.log(`${seconds()} s  ${line}`)
    const { values } = parseArgs({ options: { arch: { type: 'string', multiple: true, default: [] } } })
    const others = values.arch.filter((arch) => !ARCHITECTURES.some((known) => known === arch))
    if (others.length > 0) {
      throw new Error(`no installer can be built for ${others.join(', ')}: --arch takes ${ARCHITECTURES.join(', ')}`)
    }
    const assets = await buildBootAssets({ log, arm64: values.arch.includes('arm64') })
    // A server does without; whoever builds ISOs later need not be root then.
    await buildIsoKit({ log: prefixed(log, 'iso') })
    console.log(await table(assets))
  } catch (error) {
    console.error(`build failed: ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = 1
  }
}
