// `landfall login`, `landfall logout`: a session by name and password, for people at a machine that is not the server.
import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { z } from 'zod'
import { ApiClient } from '../client.ts'
import { chosenContext, removeContext, saveContext } from '../contexts.ts'
import { CliError } from '../errors.ts'
import { printObject } from '../output.ts'
import { readPassword } from '../password.ts'
import type { CommonOptions } from './context.ts'

interface LoginOptions {
  user: string
  ca?: string
}

export function addLoginCommands(program: Command): void {
  program
    .command('login')
    .description(
      'log in to a server by name and password, for the commands that follow, as a context (--context, or the host’s name); the password is asked for or piped in',
    )
    .argument('<url>', 'https://landfall.example:8443')
    .requiredOption('--user <name>', 'name of the user')
    .option('--ca <file>', 'certificate of the server’s CA; by default those the system trusts')
    .action(async (url: string, { user, ca }: LoginOptions, command: Command) => {
      const { output, context } = command.optsWithGlobals<CommonOptions>()
      const server = serverOf(url, ca)
      const client = new ApiClient(server)
      try {
        const { secret, session } = await client.logIn(user, await readPassword(`Password of ${user}`))
        const name = context ?? new URL(server.url).host
        const file = await saveContext(process.env, name, { ...server, token: secret })
        printObject(output, session, [
          ['User', session.name],
          ['Role', session.role],
          ['Until', session.expiresAt],
          ['Context', name],
          ['Kept in', file],
        ])
      } finally {
        await client.close()
      }
    })

  program
    .command('logout')
    .description('end the session of `landfall login`')
    .option('--everywhere', 'and all other sessions of the same user')
    .action(async ({ everywhere = false }: { everywhere?: boolean }, command: Command) => {
      const login = chosenContext(process.env, command.optsWithGlobals<CommonOptions>().context)
      if (!login)
        throw new CliError('nobody is logged in', { exitCode: 4, hint: '`landfall login URL --user NAME` logs in' })
      const client = new ApiClient(login)
      try {
        await client.call('POST', `/logout${everywhere ? '?everywhere=true' : ''}`, z.unknown())
        await removeContext(process.env, login.name)
      } finally {
        await client.close()
      }
    })
}

/** What is known of a server before anybody logs in. Throws CliError 2 for what is no address, and a CA that cannot be read. */
export function serverOf(url: string, ca: string | undefined): { url: string; ca?: string } {
  return { url: originOf(url), ...(ca !== undefined && { ca: readCa(ca) }) }
}

function readCa(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new CliError(`reading ${file}: ${(cause as { code?: string }).code}`, { exitCode: 2, cause })
  }
}

function originOf(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed?.protocol === 'https:') return parsed.origin
  throw new CliError(`${url}: want https://HOST:PORT`, { exitCode: 2 })
}
