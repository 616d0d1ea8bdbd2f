// `landfall iso build`: media that install without anybody at the keyboard. Each kind gathers what it holds; the writing is the same.
import type { Command } from 'commander'
import { buildAnacondaIso } from '../iso/anaconda.ts'
import type { AnacondaOptions } from '../iso/anaconda.ts'
import { buildIso } from '../iso/build.ts'
import type { BuildOptions } from '../iso/build.ts'
import { gatherFleet } from '../iso/fleet.ts'
import type { FleetOptions } from '../iso/fleet.ts'
import { gatherOffline } from '../iso/offline.ts'
import type { OfflineOptions } from '../iso/offline.ts'

export function addIsoCommands(program: Command): void {
  const build = program
    .command('iso')
    .description('installation media for stick, CD and virtual drive')
    .command('build')
    .description('write an ISO; no root needed')

  common(build.command('offline'))
    .description('an image and what to do with it: installs one machine, or each it is put into, without any network')
    .option('--image <reference>', 'with its registry, or as a Landfall server or the layout names it')
    .option('--machine <machine>', 'what the server wants this machine to become; refuses other machines')
    .option('--spec <file>', 'disk, host name, keys and so on (TOML or JSON)')
    .option('--follow <reference>', 'what the installed system upgrades from; default: where the image comes from')
    .option('--name <text>', 'what boot menu and console call it; default: the image')
    .action(async (_: unknown, command: Command) => {
      const options = command.opts<BuildOptions & OfflineOptions>()
      await buildIso(command, options, (site) => gatherOffline(site, options))
    })

  common(build.command('anaconda'))
    .description("a distribution's own ISO with a kickstart inside: Anaconda installs the image, unattended")
    .requiredOption('--iso <file>', 'boot or DVD ISO of Fedora, RHEL or one of its rebuilds, x86_64')
    .option('--image <reference>', 'with its registry, or as a Landfall server or the layout names it')
    .option('--machine <machine>', 'what the server wants this machine to become')
    .option('--spec <file>', 'disks, network, accounts and so on (TOML or JSON)')
    .option('--follow <reference>', 'what the installed system upgrades from; default: where the image comes from')
    .option('--name <text>', 'what the boot menu calls it; default: the image')
    .option('--pull', 'leave the image out: the machine pulls it over the network')
    .action(async (_: unknown, command: Command) => buildAnacondaIso(command, command.opts<AnacondaOptions>()))

  common(build.command('fleet'))
    .description('one ISO for many machines, told apart by MAC or serial')
    .option('--machines <file>', 'which machine gets what (TOML or JSON); layers that images share are there once')
    .option('--server', 'machines that the file does not name ask this Landfall server; unknown ones register there')
    .option(
      '--join-token-file <file>',
      'with --server: the token that lets them in (`landfall token create --role join`)',
    )
    .action(async (_: unknown, command: Command) => {
      const options = command.opts<BuildOptions & FleetOptions>()
      await buildIso(command, options, (site) => gatherFleet(site, options))
    })
}

function common(command: Command): Command {
  return command
    .requiredOption('--out <file>', 'the ISO to write')
    .option('--layout <path>', 'take images from this OCI layout or archive instead of from a server or registry')
    .option('--confirm', 'wait for a person before a disk is wiped, instead of 10 s in the boot menu')
}
