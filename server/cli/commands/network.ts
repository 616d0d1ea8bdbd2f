// `landfall network`: who gives addresses to machines, on a server that runs. `landfall setup` does it before the first start.
import { Option } from 'commander'
import type { Command } from 'commander'
import { ChangedNetwork, DHCP_CHOICES, Network, NetworkFindings } from '../../contract/network.ts'
import type { DhcpChoice } from '../../contract/network.ts'
import { CliError } from '../errors.ts'
import { printRows, printText } from '../output.ts'
import { withClient } from './context.ts'
import { findingText } from './doctor.ts'

interface SetOptions {
  interface: string
  dhcp: DhcpChoice
  pool?: string[]
  router?: string | false
  dryRun?: boolean
}

export function addNetworkCommands(program: Command): void {
  const network = program.command('network').description('the network that machines boot from')

  network
    .command('show')
    .description('interfaces of the server, and which of them it serves')
    .action(async (_: unknown, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const { links, mode, interfaces, setBy } = await client.call('GET', '/network', Network)
        printRows(
          output,
          links.map((link) => ({ ...link, mode: interfaces.includes(link.name) ? mode : 'off', setBy })),
          [
            { title: 'INTERFACE', value: ({ name }) => name },
            { title: 'ADDRESS', value: ({ cidr }) => cidr },
            { title: 'DHCP', value: (link) => link.mode },
            { title: 'SET BY', value: (link) => link.setBy ?? '-' },
          ],
        )
      }),
    )

  network
    .command('check')
    .description('look for other DHCP servers, taken ports and a firewall in the way; changes nothing')
    .argument('<interface>', 'that machines boot from')
    .action(async (name: string, _: unknown, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const { findings } = await client.call('POST', '/network/check', NetworkFindings, { interface: name })
        printText(output, { findings }, findings.map(findingText).join('\n'))
        const problems = findings.filter(({ level }) => level === 'problem').length
        if (problems > 0) throw new CliError(`${problems} ${problems === 1 ? 'problem' : 'problems'} found`)
      }),
    )

  network
    .command('set')
    .description('say who gives addresses; the server starts anew with it')
    .requiredOption('--interface <name>', 'network interface that machines boot from')
    .addOption(
      new Option('--dhcp <mode>', 'give addresses, or only boot data beside another DHCP server')
        .choices(DHCP_CHOICES)
        .makeOptionMandatory(),
    )
    .option('--pool <range...>', 'addresses to give: 10.77.0.100-10.77.0.199')
    .option('--router <address>', 'default gateway told to machines; by default that of the interface')
    .option('--no-router', 'tell no default gateway')
    .option('--dry-run', 'only show what would be written')
    .action(async (_: unknown, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const { interface: name, dhcp, pool, router, dryRun = false } = command.opts<SetOptions>()
        const changed = await client.call('PATCH', '/network', ChangedNetwork, {
          interface: name,
          mode: dhcp,
          dryRun,
          ...(pool && { pool }),
          ...(router !== undefined && { router: router === false ? null : router }),
        })
        printText(output, changed, changeText(changed))
      }),
    )
}

function changeText({ file, config, written, restarting, next }: ChangedNetwork): string {
  const lines = [`${file}:`, '', config.replaceAll(/^(?=.)/gm, '  '), ...(written ? [`wrote ${file}`] : [])]
  return [
    ...lines,
    ...(restarting ? ['the server starts anew with it'] : []),
    ...next.map((step) => `next: ${step}`),
  ].join('\n')
}
