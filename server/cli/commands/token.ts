// `landfall token`: API tokens for programs and for logging in.
import type { Command } from 'commander'
import { z } from 'zod'
import { ApiToken, CreatedToken, Role } from '../../contract/access.ts'
import { formatAge, printObject, printRows } from '../output.ts'
import { formatScope, scopeOf, scopeOption } from '../scope.ts'
import { withClient } from './context.ts'

export function addTokenCommands(program: Command): void {
  const token = program.command('token').description('API tokens')

  token
    .command('create')
    .description('make a token; its secret is printed this one time')
    .argument('<name>', 'what it is for')
    .option('--role <role>', Role.options.join(', '), 'operator')
    .addOption(scopeOption())
    .option('--expires <time>', 'ISO 8601 time in UTC after which it is refused')
    .action(async (name: string, options: { role: string; scope?: string[]; expires?: string }, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const { role, scope, expires } = options
        const body = { name, role, ...scopeOf(scope), ...(expires && { expiresAt: expires }) }
        const made = await client.call('POST', '/tokens', CreatedToken, body)
        printObject(output, made, [
          ['Name', made.name],
          ['Role', made.role],
          ['Scope', formatScope(made.scope)],
          ['Secret', made.secret],
        ])
      }),
    )

  token
    .command('list')
    .alias('ls')
    .description('all tokens')
    .action(async (_: unknown, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const items = await client.list('/tokens', ApiToken)
        printRows(output, items, [
          { title: 'ID', value: ({ id }) => id },
          { title: 'NAME', value: ({ name }) => name },
          { title: 'ROLE', value: ({ role }) => role },
          { title: 'SCOPE', value: ({ scope }) => formatScope(scope) },
          { title: 'EXPIRES', value: ({ expiresAt }) => expiresAt ?? 'never' },
          { title: 'USED', value: ({ lastUsedAt }) => formatAge(lastUsedAt) },
        ])
      }),
    )

  token
    .command('revoke')
    .description('refuse a token from now on')
    .argument('<id>')
    .action(async (id: string, _: unknown, command: Command) =>
      withClient(command, async ({ client }) => {
        await client.call('DELETE', `/tokens/${encodeURIComponent(id)}`, z.unknown())
      }),
    )
}
