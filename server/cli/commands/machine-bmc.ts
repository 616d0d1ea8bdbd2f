// `landfall machine bmc` and `landfall machine screenshot`: a machine's management controller, and the picture it gives of the console.
import type { Command } from 'commander'
import { Machine } from '../../contract/machine.ts'
import { ifUnchanged } from '../client.ts'
import { CliError } from '../errors.ts'
import { findMachine } from '../machine-lookup.ts'
import { printObject } from '../output.ts'
import { readPassword } from '../password.ts'
import { writeWhole } from '../whole-file.ts'
import { withClient } from './context.ts'

interface SetOptions {
  url?: string
  user?: string
  certificate?: string
  password?: boolean
}

/** Below `landfall machine`. */
export function addBmcCommands(machine: Command): void {
  const bmc = machine.command('bmc').description('the management controller of a machine')

  bmc
    .command('set')
    .description('say where it is and whom it lets in; what is left out stays. A new password is asked for or piped in')
    .argument('<machine>', 'id, name, MAC or serial')
    .option('--url <url>', 'https://HOST or https://HOST:PORT; asks for the password')
    .option('--user <name>', 'the account to log in with')
    .option('--certificate <sha256>', 'fingerprint of its certificate, if no well-known CA signed it')
    .option('--password', 'ask for the password, though the url stays')
    .action(async (name: string, options: SetOptions, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const { id } = await findMachine(client, name)
        const before = await client.call('GET', `/machines/${id}`, Machine)
        const { url = before.bmc?.url, user = before.bmc?.user, certificate } = options
        if (url === undefined || user === undefined) {
          throw new CliError('a management controller needs --url and --user', { exitCode: 2 })
        }
        const isAsked = options.password ?? options.url !== undefined
        const password = isAsked ? await readPassword(`Password of ${user} at ${url}`) : undefined
        const wanted = { url, user, ...(password !== undefined && { password }), ...(certificate && { certificate }) }
        const body = { bmc: wanted }
        const changed = await client.call('PATCH', `/machines/${id}`, Machine, body, ifUnchanged(before))
        printObject(output, changed.bmc, describeBmc(changed.bmc))
      }),
    )

  bmc
    .command('remove')
    .description('forget it, with its password')
    .argument('<machine>', 'id, name, MAC or serial')
    .action(async (name: string, _: unknown, command: Command) =>
      withClient(command, async ({ client }) => {
        const { id } = await findMachine(client, name)
        await client.call('PATCH', `/machines/${id}`, Machine, { bmc: null })
      }),
    )

  machine
    .command('screenshot')
    .description('a picture of what the console shows, by the management controller; needs the role operator')
    .argument('<machine>', 'id, name, MAC or serial')
    .argument('<file>', 'where to write it: PNG, JPEG or BMP, as the controller gives it')
    .action(async (name: string, file: string, _: unknown, command: Command) =>
      withClient(command, async ({ client }) => {
        const { id } = await findMachine(client, name)
        const picture = await client.download(`/machines/${id}/screenshot`)
        await writeWhole(file, picture)
        console.error(`${picture.length} bytes written to ${file}`)
      }),
    )
}

/** For tables. */
export function describeBmc(bmc: Machine['bmc']): [string, string][] {
  if (bmc === null) return [['Management controller', '-']]
  const { url, user, certificate } = bmc
  return [
    ['Management controller', `${url} as ${user}`],
    ['Its certificate', certificate ?? 'signed by a well-known CA'],
  ]
}
