// `landfall systemd`: the server as a service of the host, without root's rights.
import { join } from 'node:path'
import type { Command } from 'commander'
import { loadConfig } from '../../config/load.ts'
import type { LoadedConfig } from '../../config/load.ts'
import { thisHost } from '../../config/defaults.ts'
import { printText } from '../output.ts'
import type { OutputFormat } from '../output.ts'
import { SystemdError } from '../../systemd/errors.ts'
import type { UnitFile } from '../../systemd/units.ts'

interface SystemdOptions {
  config?: string
  dataDir?: string
  output: OutputFormat
}

interface InstallOptions extends SystemdOptions {
  root?: string
  build?: boolean
}

const PROJECT = join(import.meta.dirname, '../../..')
const CONFIG_HELP = 'configuration file (landfall.toml, else /etc/landfall/landfall.toml)'
const FIRST_UNPRIVILEGED = 1024

export function addSystemdCommands(program: Command): void {
  const systemd = program.command('systemd').description('units that run the server without the rights of root')

  systemd
    .command('print')
    .description('the unit files for this configuration')
    .option('-c, --config <file>', CONFIG_HELP)
    .action(async (_: unknown, command: Command) => {
      const options = command.optsWithGlobals<SystemdOptions>()
      const { files } = await unitsOf(load(options))
      const text = files.map((file) => `# ${file.path}\n${file.text}`).join('\n')
      printText(options.output, files, text.trimEnd())
    })

  systemd
    .command('install')
    .description('write the unit files, make the user and give it the data folder; starts nothing')
    .option('-c, --config <file>', CONFIG_HELP)
    .option('--build', 'build installer, loaders and web page too, where they are not up to date')
    .option('--root <folder>', 'write the files below this folder and do nothing else, for packages')
    .action(async (_: unknown, command: Command) => install(command.optsWithGlobals<InstallOptions>()))
}

async function install(options: InstallOptions): Promise<void> {
  const loaded = load(options)
  const { files, user, sockets } = await unitsOf(loaded)
  const { createUsers, reloadUnits, writeUnits } = await import('../../systemd/install.ts')
  if (options.root === undefined && process.getuid?.() !== 0) {
    throw new SystemdError('NEEDS_ROOT', 'installing units: only root can', {
      hint: '`landfall systemd print` shows them, `--root FOLDER` writes them elsewhere',
    })
  }
  const result = await writeUnits(files, options.root)
  const next = `systemctl enable --now ${[...sockets, 'landfall.service'].join(' ')}`
  if (options.root === undefined) {
    await createUsers(files)
    await prepare(loaded, user, options.build ?? false)
    await reloadUnits()
  }
  const lines = [
    ...result.written.map((path) => `wrote ${path}`),
    ...result.unchanged.map((path) => `kept ${path}`),
    ...result.removed.map((path) => `removed ${path}`),
    `next: ${next}`,
  ]
  printText(options.output, { ...result, next }, lines.join('\n'))
}

async function prepare(loaded: LoadedConfig, user: string, build: boolean): Promise<void> {
  const { prepareFor } = await import('../../privileges/leave-root.ts')
  const { openStore } = await import('../../store/store.ts')
  const { dataDir } = loaded.config
  await prepareFor(user, {
    loaded,
    assertUnused: () => openStore(join(dataDir, 'landfall.db')).close(),
    async prepare(asOwner) {
      const { buildBootFiles } = await import('../boot-files.ts')
      if (build) await buildBootFiles(loaded.config, asOwner)
    },
    say: (line) => console.error(line),
  })
}

/** With the defaults that hold for a service, whoever asks. */
function load({ config, ...flags }: SystemdOptions): LoadedConfig {
  return loadConfig({ file: config, flags: { dataDir: flags.dataDir }, host: { ...thisHost(), isRoot: true } })
}

async function unitsOf({
  config,
  origins,
  file,
}: LoadedConfig): Promise<{ files: UnitFile[]; user: string; sockets: string[] }> {
  const { loadTemplates } = await import('../../render/templates.ts')
  const { socketUnits, unitFiles } = await import('../../systemd/units.ts')
  const { SERVICE_USER } = await import('../../privileges/choose-user.ts')
  const { needsLowPorts } = await import('../../privileges/low-ports.ts')
  const user = config.user ?? SERVICE_USER
  const files = unitFiles(await loadTemplates(join(PROJECT, 'templates')), {
    config,
    configFile: file,
    user,
    command: [process.execPath, '--max-semi-space-size=2', join(PROJECT, 'server/cli/landfall.js'), 'serve'],
    lowPorts: needsLowPorts({ config, origins }, FIRST_UNPRIVILEGED),
  })
  return { files, user, sockets: socketUnits(config) }
}
