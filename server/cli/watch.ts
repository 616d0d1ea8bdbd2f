// `--watch`: a list or a show again and again, until interrupted.
import { setTimeout } from 'node:timers/promises'
import type { Command } from 'commander'
import { pageOf } from './output.ts'
import type { OutputFormat } from './output.ts'
import { patiently } from './patience.ts'

const PAUSE_MS = 2000
/** Commands by these names only look, whatever they are below. */
const LOOKING = new Set(['list', 'show', 'status', 'overview', 'tracks', 'history', 'deliveries'])
/** Look at files of this host, which change by its commands alone. */
const WITHOUT = new Set(['context', 'ca'])

/** Gives every command that looks at the server's things the option. */
export function addWatchOptions(program: Command): void {
  for (const command of program.commands) {
    if (WITHOUT.has(command.name())) continue
    if (LOOKING.has(command.name()) && command.commands.length === 0) {
      command.option('--watch', 'show it again whenever it changes, until interrupted')
    }
    addWatchOptions(command)
  }
}

interface Screen {
  isTTY?: boolean
  rows?: number
  write(text: string): unknown
}

/** Does the work again and again: on a terminal the page is drawn over, elsewhere each page follows the one before if values changed. */
export async function watched(
  work: () => Promise<void>,
  { output, screen = process.stdout, pauseMs = PAUSE_MS, rounds = Infinity }: WatchOptions,
): Promise<void> {
  const inPlace = screen.isTTY === true && output === 'table'
  let shown: string | undefined
  for (let round = 0; round < rounds; round++) {
    if (round > 0) await setTimeout(pauseMs)
    const { lines, values } = await patiently(() => pageOf(work))
    const text = lines.join('\n')
    // Ages in a text change all the time; the values are what counts.
    const state = JSON.stringify(values)
    if (inPlace) screen.write(onScreen(text, screen.rows))
    else if (state !== shown) screen.write(`${text}\n`)
    shown = state
  }
}

interface WatchOptions {
  output: OutputFormat
  screen?: Screen
  pauseMs?: number
  /** How often it looks; tests end. */
  rounds?: number
}

/** From the upper left corner, each line cleared behind its text, and what is below; no more than fits. */
function onScreen(text: string, rows = 24): string {
  const lines = text.split('\n').slice(0, rows - 1)
  return `\x1b[H${lines.map((line) => `${line}\x1b[K\n`).join('')}\x1b[J`
}
