// `landfall trust`: who has to sign which images.
import type { Command } from 'commander'
import { wanted } from '../../contract/trust-text.ts'
import { TrustPolicyView } from '../../contract/trust.ts'
import { printRows } from '../output.ts'
import { withClient } from './context.ts'

export function addTrustCommands(program: Command): void {
  const trust = program.command('trust').description('policies on images; they are made in the configuration')

  trust
    .command('list')
    .alias('ls')
    .description('the policies; the first pattern that fits a repository counts')
    .action(async (_: unknown, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const items = await client.list('/trust', TrustPolicyView)
        printRows(output, items, [
          { title: 'REPOSITORY', value: ({ pattern }) => pattern },
          { title: 'REQUIRE', value: ({ require }) => require },
          { title: 'WANTS', value: wanted },
          { title: 'SIGNED AS', value: ({ signedAs }) => signedAs ?? '-' },
          { title: 'MAX AGE', value: ({ maxAgeDays }) => (maxAgeDays === null ? '-' : `${maxAgeDays} d`) },
        ])
      }),
    )
}
