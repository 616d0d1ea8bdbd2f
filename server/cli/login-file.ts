// The session of `landfall login`, kept for the commands that follow.
import { readFileSync, rmSync } from 'node:fs'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { z } from 'zod'

const SavedLogin = z.strictObject({
  url: z.url(),
  /** Secret of the session. */
  token: z.string(),
  /** Certificate to trust, PEM; absent: those the system trusts. */
  ca: z.string().optional(),
})
export type SavedLogin = z.infer<typeof SavedLogin>

function loginFile(env: NodeJS.ProcessEnv): string {
  return join(env['XDG_CONFIG_HOME'] ?? join(homedir(), '.config'), 'landfall', 'login.json')
}

/** Undefined when nobody is logged in, or the file is damaged: then one logs in again. */
export function savedLogin(env: NodeJS.ProcessEnv): SavedLogin | undefined {
  try {
    return SavedLogin.parse(JSON.parse(readFileSync(loginFile(env), 'utf8')))
  } catch {
    return undefined
  }
}

/** With mode 0600; tells where. */
export async function saveLogin(env: NodeJS.ProcessEnv, login: SavedLogin): Promise<string> {
  const file = loginFile(env)
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  await writeFile(`${file}.new`, `${JSON.stringify(login, null, 2)}\n`, { mode: 0o600 })
  await rename(`${file}.new`, file)
  return file
}

export function forgetLogin(env: NodeJS.ProcessEnv): void {
  rmSync(loginFile(env), { force: true })
}
