// `landfall serve`: the server itself. The only command that is not a client of the API.
import { Option } from 'commander'
import type { Command } from 'commander'
import { join } from 'node:path'
import { loadConfig } from '../../config/load.ts'
import type { LoadedConfig } from '../../config/load.ts'
import { settings } from '../../config/settings.ts'
import type { Setting } from '../../config/settings.ts'
import { findAccount } from '../../host/accounts.ts'
import { InheritedSockets } from '../../host/inherited-sockets.ts'
import { serviceManager } from '../../host/service-manager.ts'
import type { RunningServer } from '../../main.ts'
import type { Logger } from '../../observe/logger.ts'
import { assertUser } from '../../privileges/choose-user.ts'
import { NetworkChange } from '../../setup/network-change.ts'
import { buildBootFiles } from '../boot-files.ts'

interface ServeOptions {
  config?: string
  build?: boolean
  dev?: boolean
}

const WEB = join(import.meta.dirname, '../../../web/dist')
const SIGNALS = ['SIGTERM', 'SIGINT'] as const

export function addServeCommand(program: Command, version: string): void {
  const command = program
    .command('serve')
    .description('run the server')
    .option('-c, --config <file>', 'configuration file (landfall.toml, else /etc/landfall/landfall.toml as root)')
    .option('--build', 'first build installer, loaders and web page, where they are not up to date')
    .option('--dev', 'rebuild the web page whenever its sources change; log everything, for people')
  for (const setting of settings) {
    if (setting.flag !== '--data-dir') command.addOption(optionOf(setting))
  }
  command.action(async (_: unknown, self: Command) => serve(self.optsWithGlobals<ServeOptions>(), version))
}

function optionOf({ flag, placeholder, description, defaultText }: Setting): Option {
  const text = defaultText === '' ? description : `${description} (default: ${defaultText.replaceAll('`', '')})`
  return new Option(`${flag} <${placeholder}>`, text)
}

/** Runs until SIGTERM or SIGINT; a second signal ends it at once. */
async function serve(options: ServeOptions, version: string): Promise<void> {
  const development = options.dev ? { logLevel: 'debug', logFormat: 'pretty' } : {}
  const loaded = loadConfig({ file: options.config, flags: { ...development, ...options } })
  const { config } = loaded
  const { createLogger } = await import('../../observe/logger.ts')
  const logger = createLogger({ level: config.log.level, pretty: config.log.format === 'pretty' })
  crashLoudly(logger)
  using _watch = options.dev ? await watchWeb() : undefined
  const warning = process.getuid?.() === 0 && !options.dev ? await giveUpRoot(options, loaded) : undefined
  assertUser({ wanted: config.user, uid: process.getuid?.() ?? 0, find: findAccount })
  if (options.build) await buildBootFiles(config)

  const { startServer } = await import('../../main.ts')
  const { webFiles } = await import('../../http/web.ts')
  const web = await webFiles(WEB)
  const sockets = InheritedSockets.from(process.env, process.pid)
  // They close with whoever listens on them, and only whoever opened them can do so again.
  const mayRestart = sockets.unused.length === 0
  let restart = Promise.withResolvers<void>()
  const start = ({ config: by, origins }: LoadedConfig, troubles: readonly string[] = []): Promise<RunningServer> =>
    startServer({
      config: by,
      origins,
      version,
      web,
      logger,
      sockets,
      warnings: [...(warning === undefined ? [] : [warning]), ...troubles],
      restart: mayRestart ? () => restart.resolve() : undefined,
    })
  let current = loaded
  let server = await start(current)
  announce(server, version)
  const manager = serviceManager(process.env, {
    pid: process.pid,
    onTrouble: (error) => logger.warn({ err: error }, 'systemd could not be told how the service is'),
  })
  await manager.ready(`serves ${server.url}/`)
  const changes = new NetworkChange(config.dataDir)
  const signalled = firstSignal()
  let signal: NodeJS.Signals | undefined
  while ((signal = await Promise.race([signalled, restart.promise.then(() => undefined)])) === undefined) {
    restart = Promise.withResolvers()
    logger.info('starting anew by settings that changed')
    await server.stop()
    server = await changes.begin({
      async anew() {
        const next = loadConfig({ file: options.config, flags: { ...development, ...options } })
        const started = await start(next)
        current = next
        return started
      },
      asBefore: (trouble) => start(current, [trouble]),
    })
    announce(server, version)
    await manager.ready(`serves ${server.url}/`)
  }
  logger.info({ signal }, 'stopping')
  for (const name of SIGNALS) process.once(name, () => process.exit(1))
  await Promise.all([manager.stopping(), server.stop()])
  logger.info('stopped')
}

/** To standard output, so that the log on standard error can go elsewhere. */
function announce({ url, loginLink, warnings }: RunningServer, version: string): void {
  console.log(`Landfall ${version} serves ${url}/`)
  for (const warning of warnings) console.log(`Warning: ${warning}`)
  if (loginLink) {
    console.log(
      'Nobody has logged in yet. This link logs in once, within 24 hours; the browser will ask about the certificate:',
    )
    console.log(`  ${loginLink}`)
  }
}

/** Does what root is needed for and goes on as the service's user; resolves to why not, if that should be told. */
async function giveUpRoot({ build: wanted }: ServeOptions, loaded: LoadedConfig): Promise<string | undefined> {
  const { config } = loaded
  const { leaveRoot } = await import('../../privileges/leave-root.ts')
  const { openStore } = await import('../../store/store.ts')
  const [program, ...args] = process.argv
  const built = args.filter((arg) => arg !== '--build')
  return leaveRoot({
    loaded,
    argv: [program!, ...process.execArgv, ...built],
    env: process.env,
    assertUnused: () => openStore(join(config.dataDir, 'landfall.db')).close(),
    prepare: async (asOwner) => (wanted ? buildBootFiles(config, asOwner) : undefined),
    say: (line) => console.log(`Landfall: ${line}`),
  })
}

/** Bundles the web page in the background, again and again. */
async function watchWeb(): Promise<Disposable> {
  const { watchWebPage } = await import('../../../boot-assets/web.ts')
  const stop = watchWebPage()
  return { [Symbol.dispose]: stop }
}

/** A bug must leave a line in the log and end the process, so that its supervisor starts a sound one; nothing acknowledged is lost by that. */
function crashLoudly(logger: Logger): void {
  const crash = (error: unknown) => {
    logger.fatal({ err: error }, 'internal error, ending')
    process.exit(70)
  }
  process.on('uncaughtException', crash)
  process.on('unhandledRejection', crash)
}

function firstSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const name of SIGNALS) {
      process.once(name, () => {
        for (const other of SIGNALS) process.removeAllListeners(other)
        resolve(name)
      })
    }
  })
}
