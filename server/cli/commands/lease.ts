// `landfall lease`: addresses that the server's DHCP gave out.
import type { Command } from 'commander'
import { Lease } from '../../contract/system.ts'
import { printRows } from '../output.ts'
import { withClient } from './context.ts'

export function addLeaseCommands(program: Command): void {
  program
    .command('lease')
    .description('addresses given out by DHCP')
    .command('list')
    .alias('ls')
    .description('leases and reservations')
    .action(async (_: unknown, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const items = await client.list('/leases', Lease)
        printRows(output, items, [
          { title: 'ADDRESS', value: ({ address }) => address },
          { title: 'MAC', value: ({ mac }) => mac },
          { title: 'HOST NAME', value: ({ hostname }) => hostname ?? '-' },
          { title: 'STATE', value: ({ state }) => state },
          { title: 'UNTIL', value: ({ endsAt }) => endsAt ?? '-' },
        ])
      }),
    )
}
