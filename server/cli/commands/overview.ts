// `landfall overview`: the fleet at a glance.
import type { Command } from 'commander'
import { formatBytes } from '../../contract/bytes.ts'
import { MachineState } from '../../contract/machine.ts'
import { Overview } from '../../contract/overview.ts'
import { silenceText } from '../../contract/silence.ts'
import type { StateCounts } from '../../contract/overview.ts'
import { durationMs } from '../duration.ts'
import { CliError } from '../errors.ts'
import { printText, shortDigest, table } from '../output.ts'
import { withClient } from './context.ts'

export function addOverviewCommand(program: Command): void {
  program
    .command('overview')
    .description('the fleet at a glance: states, running installs, failures by reason, images, what changed')
    .option('--by <label>', 'machines by the values of this label, such as rack')
    .option('--since <time>', 'what changed in this time (30m, 8h, 7d), or since a time (ISO 8601)', '24h')
    .action(async ({ by, since }: { by?: string; since: string }, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const query = new URLSearchParams({ since: parseSince(since), ...(by !== undefined && { by }) })
        const overview = await client.call('GET', `/overview?${query}`, Overview)
        printText(output, overview, overviewText(overview))
      }),
    )
}

/** Throws CliError for what is no time. */
function parseSince(text: string): string {
  const ago = durationMs(text)
  if (ago !== undefined) return new Date(Date.now() - ago).toISOString()
  const time = Date.parse(text)
  if (!Number.isNaN(time)) return new Date(time).toISOString()
  throw new CliError(`--since ${text}: no time like 30m, 8h, 7d or 2026-01-31T12:00:00Z`, { exitCode: 2 })
}

/** Sections for people; those that have nothing to tell are left out. */
export function overviewText({ total, states, installs, failures, images, changed, groups }: Overview): string {
  const { discovered, assigned, succeeded, failed } = changed
  const sections = [
    `${total} machines: ${statesText(states)}`,
    `new: ${discovered}  assigned: ${assigned}  installed: ${succeeded}  failed: ${failed}`,
    installs.silent === 0 ? '' : `silent: ${installs.silent} (landfall machine list --silent)`,
    installs.list.length === 0
      ? ''
      : `${installs.running} installs run, ${formatBytes(installs.rate)}/s\n${table(installs.list, [
          { title: 'MACHINE', value: ({ machine }) => machine.name },
          { title: 'IMAGE', value: ({ image }) => image },
          { title: 'STEP', value: ({ step, silentSince }) => silenceText({ silentSince }) ?? step ?? '-' },
          {
            title: 'BYTES',
            value: ({ bytes, totalBytes }) =>
              totalBytes > 0 ? `${formatBytes(bytes)} of ${formatBytes(totalBytes)}` : '-',
          },
        ])}`,
    failures.length === 0
      ? ''
      : table(failures, [
          { title: 'FAILED', value: ({ machines }) => String(machines) },
          { title: 'REASON', value: ({ code }) => code },
          { title: 'MACHINES', value: ({ machines, examples }) => namesText(machines, examples) },
          { title: 'HINT', value: ({ hint }) => hint ?? '-' },
        ]),
    images.length === 0
      ? ''
      : table(images, [
          { title: 'IMAGE', value: ({ image }) => image ?? '(none)' },
          { title: 'MACHINES', value: ({ machines }) => String(machines) },
          {
            title: 'RUN',
            value: ({ runs }) => runs.map(({ digest, machines }) => `${shortDigest(digest)} ${machines}`).join(', '),
          },
        ]),
    groups.length === 0
      ? ''
      : table(groups, [
          { title: 'GROUP', value: ({ value }) => value ?? '(none)' },
          { title: 'MACHINES', value: ({ machines }) => String(machines) },
          { title: 'STATES', value: ({ states: counts }) => statesText(counts) },
        ]),
  ]
  return sections.filter((section) => section !== '').join('\n\n')
}

function statesText(states: StateCounts): string {
  const counts = MachineState.options.flatMap((state) => (states[state] ? [`${states[state]} ${state}`] : []))
  return counts.join(', ') || 'none'
}

function namesText(count: number, examples: readonly { name: string }[]): string {
  const more = count - examples.length
  return examples.map(({ name }) => name).join(', ') + (more > 0 ? ` and ${more} more` : '')
}
