// Servers under measurement: Landfall as `npm start` starts it, and any of them in a namespace with its log in a file.
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Namespace } from '../e2e/lab/namespace.ts'
import type { LabProcess } from '../e2e/lab/process.ts'
import type { Netns } from '../interop/netns.ts'

/** What Landfall says once everything is served. */
export const SERVES = /^Landfall \S+ serves /m

const PROJECT = resolve(import.meta.dirname, '../..')
const START_MS = 120_000

/** The command line of `npm start`, without what it builds. */
export async function serveCommand(): Promise<string[]> {
  const { scripts } = JSON.parse(await readFile(join(PROJECT, 'package.json'), 'utf8')) as {
    scripts: { start: string }
  }
  const [, ...words] = scripts.start.split(' ')
  const command = words.slice(0, words.indexOf('serve') + 1)
  return [process.execPath, ...command.map((word) => (word.endsWith('.js') ? join(PROJECT, word) : word))]
}

/**
 * Starts a server inside; resolves once its log says that it is `ready`. The log goes straight to the file `log`: reading it here would
 * cost time that is the server's.
 */
export async function startServing(
  net: Netns,
  namespace: Namespace,
  name: string,
  argv: readonly string[],
  { log, ready }: { log: string; ready: RegExp },
): Promise<LabProcess> {
  const program = net.start(namespace, name, ['sh', '-c', 'log=$1; shift; exec "$@" > "$log" 2>&1', 'sh', log, ...argv])
  for (const began = performance.now(); ; await sleep(100)) {
    const text = await readFile(log, 'utf8').catch(() => '')
    if (ready.test(text)) return program
    if (!program.running || performance.now() - began > START_MS) throw new Error(`${name} does not serve: ${text}`)
  }
}

/** Memory of a process by /proc/PID/status, which counts kB of 1024: what is resident now, or the most there ever was. */
export async function residentBytes(pid: number, which: 'VmRSS' | 'VmHWM' = 'VmRSS'): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(new RegExp(`^${which}:\\s+(\\d+) kB$`, 'm').exec(status)![1]) * 1024
}
