// The servers that the command line knows by name, as `landfall login` and `landfall context` keep them.
import { readFileSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { CliError } from './errors.ts'

const Context = z.strictObject({
  url: z.url(),
  /** An API token, or the secret of a session. */
  token: z.string(),
  /** Certificate to trust, PEM; absent: those the system trusts. */
  ca: z.string().optional(),
})
export type Context = z.infer<typeof Context>

const Contexts = z.strictObject({
  /** The one that counts when none is named; null: the server of this machine. */
  current: z.string().nullable(),
  contexts: z.record(z.string(), Context),
})
export type Contexts = z.infer<typeof Contexts>

/** Stands for the server of this machine. */
export const LOCAL = 'local'
const NAME = /^[A-Za-z0-9[][A-Za-z0-9._:[\]-]{0,62}$/

function contextsFile(env: NodeJS.ProcessEnv): string {
  return join(env['XDG_CONFIG_HOME'] || join(homedir(), '.config'), 'landfall', 'contexts.json')
}

/** Throws CliError 4 for a damaged file. */
export function readContexts(env: NodeJS.ProcessEnv): Contexts {
  const file = contextsFile(env)
  try {
    return Contexts.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch (cause) {
    if ((cause as { code?: string }).code === 'ENOENT') return { current: null, contexts: {} }
    throw new CliError(`${file} cannot be read`, { exitCode: 4, cause, hint: 'remove it and log in again' })
  }
}

/** The context that is named, else that of LANDFALL_CONTEXT, else the current one; undefined for the server of this machine. Throws CliError 2. */
export function chosenContext(env: NodeJS.ProcessEnv, named?: string): (Context & { name: string }) | undefined {
  const { current, contexts } = readContexts(env)
  const name = named ?? (env['LANDFALL_CONTEXT'] || current)
  return name === null || name === LOCAL ? undefined : { name, ...requireContext(contexts, name) }
}

/** Throws CliError 2 for a name that stands for nothing. */
export function requireContext(contexts: Contexts['contexts'], name: string): Context {
  const found = Object.hasOwn(contexts, name) ? contexts[name] : undefined
  if (found) return found
  throw new CliError(`there is no context ${name}`, { exitCode: 2, hint: '`landfall context list` shows them all' })
}

/** Keeps it under this name, in place of another of that name, and makes it the current one; tells in which file. Throws CliError 2. */
export async function saveContext(env: NodeJS.ProcessEnv, name: string, context: Context): Promise<string> {
  if (name === LOCAL || !NAME.test(name)) {
    const hint = `letters, digits, dots and hyphens; ${LOCAL} is the server of this machine`
    throw new CliError(`${name} is no name for a context`, { exitCode: 2, hint })
  }
  const { contexts } = readContexts(env)
  return writeContexts(env, { current: name, contexts: { ...contexts, [name]: context } })
}

/** Without it, the server of this machine is the current one where it was. */
export async function removeContext(env: NodeJS.ProcessEnv, name: string): Promise<void> {
  const { current, contexts } = readContexts(env)
  requireContext(contexts, name)
  const { [name]: _, ...others } = contexts
  await writeContexts(env, { current: current === name ? null : current, contexts: others })
}

/** Throws CliError 2 for a name that stands for nothing. */
export async function useContext(env: NodeJS.ProcessEnv, name: string): Promise<void> {
  const { contexts } = readContexts(env)
  if (name !== LOCAL) requireContext(contexts, name)
  await writeContexts(env, { current: name === LOCAL ? null : name, contexts })
}

/** With mode 0600, whole or not at all. */
async function writeContexts(env: NodeJS.ProcessEnv, contexts: Contexts): Promise<string> {
  const file = contextsFile(env)
  const partial = `${file}.${process.pid}.part`
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  try {
    await writeFile(partial, `${JSON.stringify(contexts, null, 2)}\n`, { mode: 0o600 })
    await rename(partial, file)
  } catch (error) {
    await rm(partial, { force: true })
    throw error
  }
  return file
}
