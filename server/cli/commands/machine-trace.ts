// `landfall machine trace`: what a machine sent while it booted, what it was answered, and why.
import { setTimeout } from 'node:timers/promises'
import type { Command } from 'commander'
import { Trace } from '../../contract/trace.ts'
import type { ApiClient } from '../client.ts'
import { CliError } from '../errors.ts'
import { printText } from '../output.ts'
import type { OutputFormat } from '../output.ts'
import { storyNews, traceText } from '../story-text.ts'
import { writeWhole } from '../whole-file.ts'
import { toYaml } from '../../contract/yaml-text.ts'
import { withClient } from './context.ts'
import { findMachine } from '../machine-lookup.ts'

interface TraceOptions {
  pcap?: string
  watch?: boolean
}

const WATCH_MS = 1000

/** Below `landfall machine`. */
export function addTraceCommand(machine: Command): void {
  machine
    .command('trace')
    .description('boot story: what it sent, what it was answered and why, and what is missing')
    .argument('<machine>', 'id, name, MAC or serial of a machine; MAC of a stranger')
    .option('--pcap <file>', 'write its DHCP and TFTP packets into this file, for Wireshark; needs the role operator')
    .option('--watch', 'go on telling what happens, until interrupted')
    .action(async (name: string, options: TraceOptions, command: Command) =>
      withClient(
        command,
        async ({ client, output }) => {
          const { story, packets } = await pathsOf(client, name)
          if (options.pcap !== undefined) await savePackets(client, packets, options.pcap)
          else if (options.watch) await watch(client, story, output)
          else {
            const trace = await client.call('GET', story, Trace)
            printText(output, trace, traceText(trace))
          }
        },
        { watchesItself: true },
      ),
    )
}

/** Of a machine, or of a stranger by its MAC. Throws CliError CLIENT_NOT_HEARD. */
export async function traceOf(client: ApiClient, name: string): Promise<Trace> {
  return client.call('GET', (await pathsOf(client, name)).story, Trace)
}

const MAC = /^([\da-f]{2}[:-]){5}[\da-f]{2}$/i

async function pathsOf(client: ApiClient, name: string): Promise<{ story: string; packets: string }> {
  try {
    const { id } = await findMachine(client, name)
    return { story: `/machines/${id}/trace`, packets: `/machines/${id}/trace.pcap` }
  } catch (error) {
    if (!(error instanceof CliError) || !MAC.test(name)) throw error
    const mac = name.toLowerCase().replaceAll('-', ':')
    return { story: `/trace/${mac}`, packets: `/trace/${mac}/trace.pcap` }
  }
}

async function savePackets(client: ApiClient, path: string, file: string): Promise<void> {
  const bytes = await client.download(path)
  await writeWhole(file, bytes)
  console.error(`${bytes.length} bytes written; wireshark ${file} shows them`)
}

/** Tells each step once it is there, and the verdict whenever it changes. */
async function watch(client: ApiClient, path: string, output: OutputFormat): Promise<never> {
  const told = new Set<string>()
  for (;;) {
    const trace = await client.call('GET', path, Trace)
    const news = storyNews(trace, told)
    if (news.length > 0) printWatched(output, trace, news)
    await setTimeout(WATCH_MS)
  }
}

/** One line of JSON, one document of YAML. */
function printWatched(output: OutputFormat, trace: Trace, news: readonly string[]): void {
  if (output === 'json') console.log(JSON.stringify(trace))
  else if (output === 'yaml') console.log(`---\n${toYaml(trace)}`)
  else console.log(news.join('\n'))
}
