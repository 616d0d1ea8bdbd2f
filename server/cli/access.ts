// Which server the command line talks to and with which rights: environment first, then the login, else the server of this machine.
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { LOCAL_ACCESS_FILE, LocalAccess } from '../contract/local-access.ts'
import { CliError } from './errors.ts'
import { savedLogin } from './login-file.ts'

export interface Access {
  /** `https://host:8443`, no trailing slash. */
  url: string
  token: string
  /** Certificate (PEM) to trust instead of the system's. */
  ca?: string | undefined
}

/**
 * Reads LANDFALL_URL, LANDFALL_TOKEN and LANDFALL_CA (a file); else, unless a data folder is named, what `landfall login` kept; else the local
 * server's access file. Throws CliError 4.
 */
export function findAccess(env: NodeJS.ProcessEnv, dataDir?: string): Access {
  if (env['LANDFALL_URL']) {
    const token = env['LANDFALL_TOKEN']
    if (!token) {
      const hint = 'make one with `landfall token create NAME` on the server'
      throw new CliError('LANDFALL_URL is set, LANDFALL_TOKEN is not', { exitCode: 4, hint })
    }
    const ca = env['LANDFALL_CA']
    return { url: env['LANDFALL_URL'].replace(/\/+$/, ''), token, ...(ca && { ca: readFileSync(ca, 'utf8') }) }
  }
  const named = dataDir ?? env['LANDFALL_DATA_DIR']
  const login = named ? undefined : savedLogin(env)
  if (login) return login
  const folders = [named, '/var/lib/landfall', join(homedir(), '.local/share/landfall')]
  for (const folder of folders) {
    if (!folder) continue
    try {
      return LocalAccess.parse(JSON.parse(readFileSync(join(folder, LOCAL_ACCESS_FILE), 'utf8')))
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
