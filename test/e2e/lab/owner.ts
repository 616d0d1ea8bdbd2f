// Names that tell which process owns a thing outside it, so that the things of a killed run are found and removed.

import { readFileSync } from 'node:fs'

const PREFIX = 'landfall-lab'

let count = 0

/** A name no other run uses, e.g. `landfall-lab-1234-567890-0-wire`. */
export function ownedName(role: string): string {
  return [PREFIX, process.pid, startTime(process.pid), count++, role].join('-')
}

/** Whether the name is one of ours and its owner is gone. */
export function isOrphan(name: string): boolean {
  const [, pid, started] = new RegExp(`^${PREFIX}-(\\d+)-(\\d+)-`).exec(name) ?? []
  return pid !== undefined && startTime(Number(pid)) !== started
}

/** When the process started, in clock ticks since boot: with the pid it names a process for good (proc(5), field 22). */
function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}
