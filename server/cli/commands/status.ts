// `landfall status`: the server about itself.
import type { Command } from 'commander'
import { SystemInfo } from '../../contract/system.ts'
import { formatAge, printObject } from '../output.ts'
import { withClient } from './context.ts'

export function addStatusCommand(program: Command): void {
  program
    .command('status')
    .description('addresses, DHCP, warnings of the server')
    .action(async (_: unknown, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const info = await client.call('GET', '/system', SystemInfo)
        printObject(output, info, [
          ['Server', `${info.name} ${info.version}, up ${formatAge(info.startedAt)}`],
          ['Web and API', info.httpsUrl],
          ['Boot files', info.httpUrl],
          ['Registry', info.registry],
          ['CA', `sha256 ${info.caFingerprint}`],
          ...info.dhcp.map(({ interface: link, address, mode, state, problem }): [string, string] => [
            `DHCP on ${link}`,
            `${mode} at ${address}: ${state}${problem ? `: ${problem}` : ''}`,
          ]),
          ...info.warnings.map((text): [string, string] => ['Warning', text]),
        ])
      }),
    )
}
