// `landfall ca`: the server's certificate authority, on the server itself.
import type { Command } from 'commander'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { loadConfig } from '../../config/load.ts'
import type { Authority } from '../../pki/authority.ts'
import { CliError } from '../errors.ts'
import { printObject } from '../output.ts'
import type { OutputFormat } from '../output.ts'
import type { CommonOptions } from './context.ts'

interface CaOptions extends CommonOptions {
  config?: string
}

const CONFIG_HELP =
  'configuration file (landfall.toml, else /etc/landfall/landfall.toml as root): it names the data folder'

export function addCaCommands(program: Command): void {
  const ca = program.command('ca').description('the certificate authority of the server, in its data folder')

  ca.command('show')
    .description('its name, fingerprint and end')
    .option('-c, --config <file>', CONFIG_HELP)
    .action(async (_: unknown, command: Command) => {
      const options = command.optsWithGlobals<CaOptions>()
      const { readAuthorityIn } = await import('../../pki/authority.ts')
      print(options.output, await readAuthorityIn(folderOf(options)))
    })

  ca.command('renew')
    .description('a certificate with another ten years for the same key; restart the server then')
    .option('-c, --config <file>', CONFIG_HELP)
    .action(async (_: unknown, command: Command) => {
      const options = command.optsWithGlobals<CaOptions>()
      const folder = folderOf(options)
      await requireOwner(folder)
      const { renewAuthority } = await import('../../pki/authority.ts')
      print(options.output, await renewAuthority(folder), [
        ['Next', 'restart the server, and tell the new fingerprint to whoever compares it'],
      ])
    })
}

function folderOf({ config, dataDir }: CaOptions): string {
  return join(loadConfig({ file: config, flags: { dataDir } }).config.dataDir, 'pki')
}

/** Root does not write where somebody else may put links; the server could not read what it wrote either. */
async function requireOwner(folder: string): Promise<void> {
  const { uid } = await stat(folder).catch((cause: unknown) => {
    throw new CliError(`${folder}: ${(cause as { code?: string }).code ?? String(cause)}`, {
      cause,
      hint: 'name the data folder of the server by --data-dir',
    })
  })
  if (uid === process.geteuid!()) return
  throw new CliError(`${folder} belongs to user ${uid}`, {
    hint: `run it as that user: \`setpriv --reuid ${uid} --clear-groups landfall ca renew\``,
  })
}

function print(output: OutputFormat, { fingerprint, name, notAfter }: Authority, more: [string, string][] = []): void {
  const until = notAfter.toISOString()
  printObject(output, { name, fingerprint, until }, [
    ['Name', name],
    ['Fingerprint', fingerprint],
    ['Good until', until],
    ...more,
  ])
}
