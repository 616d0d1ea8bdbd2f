// What root does before a server serves: everything that only root can do, and then it becomes the user that serves.
import { open, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { LoadedConfig } from '../config/load.ts'
import { actingAs, findAccount } from '../host/accounts.ts'
import type { Account } from '../host/accounts.ts'
import type { Capability } from '../host/capabilities.ts'
import { become, findSetpriv, heldOf } from './become.ts'
import { chooseUser, SERVICE_USER } from './choose-user.ts'
import { checkOwner, giveFolder, makeFolder, ownerOf } from './data-folder.ts'
import { PrivilegeError } from './errors.ts'
import { firstUnprivilegedPort, needsLowPorts } from './low-ports.ts'

export interface PrepareOptions {
  loaded: LoadedConfig
  /** Throws when another server runs on the data folder. */
  assertUnused: () => void
  /** Builds and installs what is served; `asOwner` is for what happens in the data folder. */
  prepare: (asOwner: (work: () => Promise<void>) => Promise<void>) => Promise<void>
  say: (line: string) => void
}

export interface LeaveRootOptions extends PrepareOptions {
  /** Program and arguments of this process, as the user is to run them. */
  argv: readonly string[]
  env: NodeJS.ProcessEnv
}

const PROJECT = join(import.meta.dirname, '../..')
const PROGRAM = ['server/cli/landfall.js', 'package.json', 'node_modules'].map((name) => join(PROJECT, name))

/**
 * Goes on as the user that the configuration names or the data folder suggests, in the same process, and then never returns. Resolves to why
 * root goes on instead, undefined when that was asked for. Throws PrivilegeError when the user was named and cannot serve.
 */
export async function leaveRoot(options: LeaveRootOptions): Promise<string | undefined> {
  const { config } = options.loaded
  const { user: wanted } = config
  const dataDir = await realpath(config.dataDir).catch(() => config.dataDir)
  const account = chooseUser({ wanted, owner: await ownerOf(dataDir), find: findAccount })
  if (!account) return wanted === undefined ? stayingRoot(dataDir) : undefined

  let setpriv: string
  try {
    setpriv = findSetpriv()
    refuseInherited(options.env)
    await actingAs(account, () => assertReachable(account, dataDir, options.loaded.files))
  } catch (error) {
    if (wanted !== undefined || !(error instanceof PrivilegeError)) throw error
    return `Landfall runs as root: ${error.message}; ${error.hint}. \`--user root\` keeps it so without this warning`
  }
  await handOver(dataDir, account, options)
  await options.prepare((work) => actingAs(account, work))

  const keep: Capability[] = needsLowPorts(options.loaded, firstUnprivilegedPort()) ? ['CAP_NET_BIND_SERVICE'] : []
  const change = { account, keep: heldOf(keep) }
  const rights =
    change.keep.length === 0 ? 'without any right of root' : `keeping ${change.keep.join(', ')} of root's rights`
  options.say(`going on as user ${account.name}, ${rights}`)
  return become(setpriv, change, options.argv, environmentOf(options, dataDir, account))
}

function stayingRoot(dataDir: string): string {
  return (
    `Landfall runs as root, as there is no user ${SERVICE_USER}: \`useradd --system --home-dir ${dataDir} --shell /usr/sbin/nologin ` +
    `${SERVICE_USER}\` makes one to run as from the next start on; \`--user root\` keeps it so without this warning`
  )
}

/** Does all that root has to for a server that somebody else starts as that user. Throws PrivilegeError. */
export async function prepareFor(user: string, options: PrepareOptions): Promise<void> {
  const dataDir = await realpath(options.loaded.config.dataDir).catch(() => options.loaded.config.dataDir)
  const account = chooseUser({ wanted: user, owner: undefined, find: findAccount })
  if (!account) return options.prepare((work) => work())
  await actingAs(account, () => assertReachable(account, dataDir, options.loaded.files))
  await handOver(dataDir, account, options)
  await options.prepare((work) => actingAs(account, work))
}

/** Node closes them when it makes way for setpriv. */
function refuseInherited(env: NodeJS.ProcessEnv): void {
  if (Number(env['LISTEN_PID']) !== process.pid) return
  throw new PrivilegeError(
    'CANNOT_CHANGE_USER',
    'changing the user: sockets were inherited, which the change would close',
    {
      hint: `have the service manager change it (User=${SERVICE_USER})`,
    },
  )
}

/** To be called with the account's rights. */
async function assertReachable(account: Account, dataDir: string, configFiles: readonly string[]): Promise<void> {
  for (const path of [process.execPath, ...PROGRAM]) {
    await assertReadable(path, account, `move Landfall to where ${account.name} can read it, such as /opt/landfall`)
  }
  for (const path of configFiles) {
    await assertReadable(path, account, `\`chgrp ${account.gid} ${path} && chmod g+r ${path}\` lets it`)
  }
  await stat(dataDir).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return
    throw new PrivilegeError('UNREACHABLE', `user: ${account.name} cannot reach the data folder ${dataDir}`, {
      hint: 'let everybody pass the folders above it (chmod a+x), or set data-dir to another place',
      cause,
    })
  })
}

async function assertReadable(path: string, account: Account, hint: string): Promise<void> {
  try {
    await using _file = await open(path)
  } catch (cause) {
    throw new PrivilegeError('UNREACHABLE', `user: ${account.name} cannot read ${path}`, { hint, cause })
  }
}

async function handOver(dataDir: string, account: Account, { assertUnused, say }: PrepareOptions): Promise<void> {
  const owner = await ownerOf(dataDir)
  if (!owner) return makeFolder(dataDir, account)
  if (owner.uid === 0) {
    assertUnused()
    say(`giving ${dataDir} to ${account.name}`)
    const count = await giveFolder(dataDir, account)
    say(`gave ${count} files and folders to ${account.name}`)
  }
  await checkOwner(dataDir, account)
}

/** What was found out as root is told to the user, for whom other defaults would hold. */
function environmentOf({ env, loaded }: LeaveRootOptions, dataDir: string, { name }: Account): NodeJS.ProcessEnv {
  return {
    ...env,
    HOME: dataDir,
    USER: name,
    LOGNAME: name,
    LANDFALL_DATA_DIR: loaded.config.dataDir,
    LANDFALL_CACHE: join(dataDir, 'cache'),
    ...(loaded.file !== undefined && { LANDFALL_CONFIG: loaded.file }),
  }
}
