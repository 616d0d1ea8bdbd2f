// Which server the command line talks to and with which rights: what is named first, then the environment, then the context, else the server of this machine.
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { LOCAL_ACCESS_FILE, LocalAccess } from '../contract/local-access.ts'
import { chosenContext } from './contexts.ts'
import { CliError } from './errors.ts'

export interface Access {
  /** `https://host:8443`, no trailing slash. */
  url: string
  token: string
  /** Certificate (PEM) to trust instead of the system's. */
  ca?: string | undefined
  /** Of the server of this machine: its data folder. */
  folder?: string
}

/** Global options that choose a server. */
export interface AccessOptions {
  /** Of a server of this machine. */
  dataDir?: string | undefined
  /** Name of a context. */
  context?: string | undefined
}

/**
 * The context that is named; else LANDFALL_URL, LANDFALL_TOKEN and LANDFALL_CA (a file); else, unless a data folder is named, the current
 * context; else the local server's access file. Throws CliError 2 and 4.
 */
export function findAccess(env: NodeJS.ProcessEnv, { dataDir, context }: AccessOptions = {}): Access {
  if (context === undefined && env['LANDFALL_URL']) {
    const token = env['LANDFALL_TOKEN']
    if (!token) {
      const hint = 'make one with `landfall token create NAME` on the server'
      throw new CliError('LANDFALL_URL is set, LANDFALL_TOKEN is not', { exitCode: 4, hint })
    }
    const ca = env['LANDFALL_CA']
    return { url: env['LANDFALL_URL'].replace(/\/+$/, ''), token, ...(ca && { ca: readFileSync(ca, 'utf8') }) }
  }
  const chosen = contextOf(env, { dataDir, context })
  if (chosen) return { url: chosen.url, token: chosen.token, ca: chosen.ca }
  const folders = [dataDir ?? env['LANDFALL_DATA_DIR'], '/var/lib/landfall', join(homedir(), '.local/share/landfall')]
  for (const folder of folders) {
    if (!folder) continue
    try {
      return { ...LocalAccess.parse(JSON.parse(readFileSync(join(folder, LOCAL_ACCESS_FILE), 'utf8'))), folder }
    } catch (error) {
      if ((error as { code?: string }).code === 'EACCES') {
        throw new CliError(`${folder}/${LOCAL_ACCESS_FILE} can't be read`, {
          exitCode: 4,
          hint: 'run as the user of the server',
        })
      }
      if ((error as { code?: string }).code !== 'ENOENT') throw error
    }
  }
  throw new CliError('no Landfall server found', {
    exitCode: 4,
    hint: 'start one on this machine with `landfall serve`, log in to one with `landfall login`, or set LANDFALL_URL, LANDFALL_TOKEN and LANDFALL_CA',
  })
}

/** Whether that is the server of this machine. Throws as `findAccess` does. */
export function isHere(env: NodeJS.ProcessEnv, options: AccessOptions): boolean {
  if (options.context === undefined && env['LANDFALL_URL']) return false
  return contextOf(env, options) === undefined
}

function contextOf(env: NodeJS.ProcessEnv, { dataDir, context }: AccessOptions): ReturnType<typeof chosenContext> {
  if (context === undefined && (dataDir ?? env['LANDFALL_DATA_DIR'])) return undefined
  return chosenContext(env, context)
}
