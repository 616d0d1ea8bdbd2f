// `landfall user`: people who log in.
import { Option } from 'commander'
import type { Command } from 'commander'
import { z } from 'zod'
import { User, UserRole } from '../../contract/access.ts'
import type { ApiClient } from '../client.ts'
import { CliError } from '../errors.ts'
import { formatAge, printObject, printRows } from '../output.ts'
import { readPassword } from '../password.ts'
import { formatScope, scopeOf, scopeOption } from '../scope.ts'
import { withClient } from './context.ts'

interface ChangeOptions {
  role?: string
  scope?: string[]
  everything?: boolean
  disable?: boolean
  enable?: boolean
}

export function addUserCommands(program: Command): void {
  const user = program.command('user').description('people who log in')

  user
    .command('list')
    .alias('ls')
    .description('all users')
    .action(async (_: unknown, command: Command) =>
      withClient(command, async ({ client, output }) => {
        printRows(output, await client.list('/users', User), [
          { title: 'NAME', value: ({ name }) => name },
          { title: 'ROLE', value: ({ role }) => role },
          { title: 'SCOPE', value: ({ scope }) => formatScope(scope) },
          { title: 'STATE', value: ({ disabled }) => (disabled ? 'disabled' : 'enabled') },
          { title: 'SESSIONS', value: ({ sessions }) => String(sessions) },
          { title: 'LOGGED IN', value: ({ lastLoginAt }) => formatAge(lastLoginAt) },
        ])
      }),
    )

  user
    .command('show')
    .description('one user')
    .argument('<name>')
    .action(async (name: string, _: unknown, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const { id } = await findUser(client, name)
        const found = await client.call('GET', `/users/${id}`, User)
        printObject(output, found, describeUser(found))
      }),
    )

  user
    .command('create')
    .description('let somebody log in; the password is asked for or piped in')
    .argument('<name>')
    .addOption(new Option('--role <role>', 'what the user may do').choices(UserRole.options).default('viewer'))
    .addOption(scopeOption())
    .action(async (name: string, { role, scope }: ChangeOptions, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const password = await readPassword(`Password of ${name}, at least 12 characters`, { twice: true })
        const made = await client.call('POST', '/users', User, { name, password, role, ...scopeOf(scope) })
        printObject(output, made, describeUser(made))
      }),
    )

  user
    .command('update')
    .description('change what a user may do; counts at once')
    .argument('<name>')
    .addOption(new Option('--role <role>', 'what the user may do').choices(UserRole.options))
    .addOption(scopeOption())
    .option('--everything', 'all machines, and what belongs to none')
    .option('--disable', 'shut the user out')
    .option('--enable', 'let the user in again')
    .action(async (name: string, options: ChangeOptions, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const change = changeOf(options)
        const { id } = await findUser(client, name)
        const changed = await client.call('PATCH', `/users/${id}`, User, change)
        printObject(output, changed, describeUser(changed))
      }),
    )

  user
    .command('password')
    .description('set a new password, which ends the sessions of the user and a lock after failed logins')
    .argument('<name>')
    .action(async (name: string, _: unknown, command: Command) =>
      withClient(command, async ({ client }) => {
        const { id } = await findUser(client, name)
        const password = await readPassword(`New password of ${name}, at least 12 characters`, { twice: true })
        await client.call('PATCH', `/users/${id}`, User, { password })
      }),
    )

  user
    .command('sign-out')
    .description('end all sessions of a user')
    .argument('<name>')
    .action(async (name: string, _: unknown, command: Command) =>
      withClient(command, async ({ client }) => {
        const { id } = await findUser(client, name)
        await client.call('DELETE', `/users/${id}/sessions`, z.unknown())
      }),
    )

  user
    .command('delete')
    .description('remove a user with all sessions')
    .argument('<name>')
    .action(async (name: string, _: unknown, command: Command) =>
      withClient(command, async ({ client }) => {
        const { id } = await findUser(client, name)
        await client.call('DELETE', `/users/${id}`, z.unknown())
      }),
    )
}

async function findUser(client: ApiClient, name: string): Promise<User> {
  const users = await client.list('/users', User)
  const found = users.find((one) => one.name === name.toLowerCase() || one.id === name)
  if (found) return found
  throw new CliError(`there is no user ${name}`, {
    code: 'USER_NOT_FOUND',
    hint: '`landfall user list` shows them all',
  })
}

function changeOf({ role, scope, everything = false, disable = false, enable = false }: ChangeOptions): object {
  if (scope && everything) throw new CliError('--scope and --everything exclude each other', { exitCode: 2 })
  if (disable && enable) throw new CliError('--disable and --enable exclude each other', { exitCode: 2 })
  const change = {
    ...(role !== undefined && { role }),
    ...scopeOf(scope),
    ...(everything && { scope: null }),
    ...((disable || enable) && { disabled: disable }),
  }
  if (Object.keys(change).length > 0) return change
  throw new CliError('nothing to change', { exitCode: 2, hint: 'see `landfall user update --help`' })
}

function describeUser({
  name,
  id,
  role,
  scope,
  issuer,
  disabled,
  sessions,
  createdAt,
  lastLoginAt,
}: User): [string, string][] {
  return [
    ['Name', name],
    ['Id', id],
    ['Role', role],
    ['Scope', formatScope(scope)],
    ['Logs in', issuer === null ? 'by password' : `by ${issuer}`],
    ['State', disabled ? 'disabled' : 'enabled'],
    ['Sessions', String(sessions)],
    ['Created', createdAt],
    ['Logged in', lastLoginAt ?? 'never'],
  ]
}
