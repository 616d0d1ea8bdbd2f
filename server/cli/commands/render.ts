// `landfall render`: what a machine would be given, without giving it.
import { diff } from 'node:util'
import { Option, type Command } from 'commander'
import { KickstartRelease } from '../../contract/kickstart-release.ts'
import { KickstartPreview } from '../../contract/kickstart.ts'
import type { RenderedKickstart } from '../../contract/kickstart.ts'
import { CliError } from '../errors.ts'
import { printText } from '../output.ts'
import { withClient } from './context.ts'
import { findMachine } from '../machine-lookup.ts'

export function addRenderCommands(program: Command): void {
  const render = program.command('render').description('what a machine would be given, secrets masked')

  render
    .command('kickstart')
    .description('the kickstart of what is wanted of a machine now')
    .argument('<machine>', 'id, name, MAC or serial')
    .addOption(
      new Option('--release <release>', 'for this release instead of that of the media').choices(
        KickstartRelease.options,
      ),
    )
    .option('--diff', 'only what differs from the kickstart of its newest install')
    .action(async (name: string, options: { release?: string; diff?: boolean }, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const { id } = await findMachine(client, name)
        const query = options.release === undefined ? '' : `?release=${options.release}`
        const preview = await client.call('GET', `/machines/${id}/kickstart${query}`, KickstartPreview)
        printText(output, preview, options.diff ? differences(preview) : wholeText(preview.wanted))
      }),
    )
}

/** The kickstart, and behind it what `%pre` fetches apart. */
function wholeText({ text, files }: RenderedKickstart): string {
  const apart = files.map(
    (file) => `# --- ${file.name}, which %pre fetches over TLS\n${file.text.replace(/\n?$/, '\n')}`,
  )
  return [text, ...apart].join('\n').replace(/\n$/, '')
}

function differences({ wanted, assigned }: KickstartPreview): string {
  if (!assigned) throw new CliError('there is nothing to compare with: no install of this machine was one by Anaconda')
  const marks = { '-1': '-', '0': ' ', '1': '+' } as const
  const lines = diff(wholeText(wanted).split('\n'), wholeText(assigned).split('\n')).map(([kind, line]) => ({
    same: kind === 0,
    text: `${marks[`${kind}`]}${line}`,
  }))
  if (lines.every(({ same }) => same)) return 'no difference'
  const near = (at: number) => lines.slice(Math.max(0, at - CONTEXT), at + CONTEXT + 1).some(({ same }) => !same)
  return lines.flatMap(({ text }, at) => (near(at) ? [text] : near(at - 1) ? ['...'] : [])).join('\n')
}

const CONTEXT = 2
