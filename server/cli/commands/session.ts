// `landfall whoami`, `landfall password`: the session of `landfall login`.
import type { Command } from 'commander'
import { z } from 'zod'
import { Session } from '../../contract/access.ts'
import { printObject } from '../output.ts'
import { readPasswords } from '../password.ts'
import { formatScope } from '../scope.ts'
import { withClient } from './context.ts'

export function addSessionCommands(program: Command): void {
  program
    .command('whoami')
    .description('who is logged in, as what, and until when')
    .action(async (_: unknown, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const session = await client.call('GET', '/session', Session)
        printObject(output, session, [
          ['Name', session.name],
          ['Role', session.role],
          ['Scope', formatScope(session.scope)],
          ['Until', session.expiresAt],
        ])
      }),
    )

  program
    .command('password')
    .description(
      'change your own password, which ends your other sessions; both are asked for, or piped in as two lines',
    )
    .action(async (_: unknown, command: Command) =>
      withClient(command, async ({ client }) => {
        const [current, password] = await readPasswords('Password now', 'New password, at least 12 characters')
        await client.call('POST', '/session/password', z.unknown(), { current, password })
      }),
    )
}
