// Names that tell which process owns a thing outside it, so that the things of a killed process are found and removed.

import { readFileSync } from 'node:fs'

export interface OwnedNames {
  /** A name no other process uses, e.g. `landfall-lab-1234-567890-0-wire`. */
  ownedName(role: string): string
  /** Whether the name is one of these and its owner is gone. */
  isOrphan(name: string): boolean
}

/** Names that begin with `prefix`; it must mean nothing in a regular expression. */
export function ownedNames(prefix: string): OwnedNames {
  let count = 0
  const pattern = new RegExp(`^${prefix}-(\\d+)-(\\d+)-`)
  return {
    ownedName: (role) => [prefix, process.pid, startTime(process.pid), count++, role].join('-'),
    isOrphan(name) {
      const [, pid, started] = pattern.exec(name) ?? []
      return pid !== undefined && startTime(Number(pid)) !== started
    },
  }
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
