// `landfall login`, `landfall logout`: a session by name and password, for people at a machine that is not the server.
import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { z } from 'zod'
import { ApiClient } from '../client.ts'
import { CliError } from '../errors.ts'
import { forgetLogin, savedLogin, saveLogin } from '../login-file.ts'
import { printObject } from '../output.ts'
import type { OutputFormat } from '../output.ts'
import { readPassword } from '../password.ts'

interface LoginOptions {
  user: string
  ca?: string
}

export function addLoginCommands(program: Command): void {
  program
    .command('login')
    .description(
      'log in to a server by name and password, for the commands that follow; the password is asked for or piped in',
    )
    .argument('<url>', 'https://landfall.example:8443')
    .requiredOption('--user <name>', 'name of the user')
    .option('--ca <file>', 'certificate of the server’s CA; by default those the system trusts')
    .action(async (url: string, { user, ca }: LoginOptions, command: Command) => {
      const { output } = command.optsWithGlobals<{ output: OutputFormat }>()
      const server = { url: originOf(url), ...(ca !== undefined && { ca: readFileSync(ca, 'utf8') }) }
      const client = new ApiClient(server)
      try {
        const { secret, session } = await client.logIn(user, await readPassword(`Password of ${user}`))
        const file = await saveLogin(process.env, { ...server, token: secret })
        printObject(output, session, [
          ['User', session.name],
          ['Role', session.role],
          ['Until', session.expiresAt],
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
    .action(async ({ everywhere = false }: { everywhere?: boolean }) => {
      const login = savedLogin(process.env)
      if (!login)
        throw new CliError('nobody is logged in', { exitCode: 4, hint: '`landfall login URL --user NAME` logs in' })
      const client = new ApiClient(login)
      try {
        await client.call('POST', `/logout${everywhere ? '?everywhere=true' : ''}`, z.unknown())
        forgetLogin(process.env)
      } finally {
        await client.close()
      }
    })
}

function originOf(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed?.protocol === 'https:') return parsed.origin
  throw new CliError(`${url}: want https://HOST:PORT`, { exitCode: 2 })
}
