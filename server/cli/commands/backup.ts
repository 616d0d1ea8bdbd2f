// `landfall backup` and `landfall restore`: all that a server is, in one file. Both work on the server's own host, so that its keys travel over no network.
import type { Command } from 'commander'
import { open, realpath, unlink } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import type { SourceFile } from '../../backup/contents.ts'
import { loadConfig } from '../../config/load.ts'
import { formatBytes } from '../../contract/bytes.ts'
import { SnapshotLine, SNAPSHOTS_FOLDER } from '../../contract/snapshot.ts'
import { findAccess } from '../access.ts'
import type { Access } from '../access.ts'
import { ApiClient } from '../client.ts'
import { CliError } from '../errors.ts'
import { printObject } from '../output.ts'
import { countLine, progressLine } from '../progress.ts'
import { openFile, sending } from '../sending.ts'
import type { CommonOptions } from './context.ts'

interface BackupOptions extends CommonOptions {
  config?: string
  images: boolean
}

interface RestoreOptions extends CommonOptions {
  config?: string
}

const CONFIG_HELP = 'configuration file (landfall.toml, else /etc/landfall/landfall.toml as root)'

export function addBackupCommands(program: Command, version: string): void {
  program
    .command('backup')
    .description('write all that this server is into one file, while it runs: database, keys, configuration, images')
    .argument('<file>', 'a tar; it appears when it is whole, and only you can read it')
    .option('-c, --config <file>', CONFIG_HELP)
    .option('--no-images', 'leave images and boot media out')
    .action(async (file: string, _: unknown, command: Command) =>
      backup(file, command.optsWithGlobals<BackupOptions>(), version),
    )

  program
    .command('restore')
    .description('make a data folder out of a backup; the folder must be empty, and no server runs on it')
    .argument('<file>', '- reads from standard input')
    .option('-c, --config <file>', `${CONFIG_HELP}: it names the data folder`)
    .action(async (file: string, _: unknown, command: Command) =>
      restore(file, command.optsWithGlobals<RestoreOptions>()),
    )
}

async function backup(
  file: string,
  { config, images, output, ...access }: BackupOptions,
  version: string,
): Promise<void> {
  const { dataFiles, sourceFile } = await import('../../backup/contents.ts')
  const { requireTarget, writeBackup } = await import('../../backup/write.ts')
  const { CONFIGURATION, DATABASE } = await import('../../backup/manifest.ts')
  const found = findAccess(process.env, access)
  if (found.folder === undefined) {
    throw new CliError('a backup is made on the server itself: it holds keys that travel over no network', {
      hint: 'run it there, as root or as the user of the server; `--context local` leaves the current context aside',
    })
  }
  const { folder } = found
  await requireTarget(file, folder)
  const settings = loadConfig({ file: config, flags: { dataDir: access.dataDir } }).files.map((path) => resolve(path))
  const stop = stopSignal()
  const createdAt = new Date().toISOString()
  const line = progressLine()
  const database = await snapshot(found, folder, images)
  try {
    const { size } = await database.stat()
    const files: SourceFile[] = [
      { name: DATABASE, size, open: async () => database },
      ...(await Promise.all(settings.map(async (path) => sourceFile(await realpath(path), join(CONFIGURATION, path))))),
      ...(await dataFiles(folder, { images })),
    ]
    const head = { version, createdAt, host: hostname(), images }
    const onBytes = (bytes: number, total: number, name: string) => line.update(bytes, total, name)
    await writeBackup(file, files, head, { onBytes, signal: stop })
    const bytes = files.reduce((sum, one) => sum + one.size, 0)
    line.end()
    printObject(output, { file, bytes, files: files.length, images, configuration: settings }, [
      ['File', file],
      ['Size', `${formatBytes(bytes)} in ${files.length} files`],
      ['Images', images ? 'with boot media' : 'left out'],
      ['Configuration', settings.join(', ') || 'none was found'],
    ])
  } finally {
    line.end()
    await database.close().catch(() => {})
  }
}

/** The database as it is now. Its file has no name any more, so that nothing is left of it, however this ends. */
async function snapshot(access: Access, folder: string, keepImages: boolean): Promise<FileHandle> {
  const client = new ApiClient(access)
  const line = countLine('copying pages of the database')
  try {
    const [done] = await client.operate('/snapshots', { json: { keepImages } }, SnapshotLine, (now) =>
      line.update(now.done, now.total),
    )
    const file = join(folder, SNAPSHOTS_FOLDER, done!.file)
    const handle = await open(file, 'r')
    await unlink(file)
    return handle
  } finally {
    line.end()
    await client.close()
  }
}

async function restore(file: string, { config, output, dataDir }: RestoreOptions): Promise<void> {
  const { restoreBackup } = await import('../../backup/restore.ts')
  const { CONFIGURATION } = await import('../../backup/manifest.ts')
  const { openStore } = await import('../../store/store.ts')
  const folder = resolve(loadConfig({ file: config, flags: { dataDir } }).config.dataDir)
  const line = progressLine()
  const archive = sending(await openFile(file), line)
  const { createdAt, host, version, images, files } = await restoreBackup(archive, folder, {
    uid: process.geteuid!(),
    checkDatabase: (database) => openStore(database).close(),
    signal: stopSignal(),
  }).finally(() => line.end())
  const prefix = `${CONFIGURATION}/`
  const configuration = files.filter(({ name }) => name.startsWith(prefix)).map(({ name }) => join(folder, name))
  printObject(output, { folder, createdAt, host, version, images, configuration }, [
    ['Folder', folder],
    ['Backup', `of ${host} at ${createdAt}, by Landfall ${version}`],
    ['Images', images ? 'with boot media' : 'not in the backup: bring them in again'],
    ['Configuration', configuration.join(', ') || 'not in the backup'],
    ['Next', 'put the configuration where it belongs, then `landfall serve`'],
  ])
}

/** Aborted by what asks a program to end, so that nothing half-written stays. */
function stopSignal(): AbortSignal {
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort())
  return stop.signal
}
