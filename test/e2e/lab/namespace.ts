// Network namespaces of the lab: created for one run, entered by command, and removed also when that run was killed.

import { readdir } from 'node:fs/promises'
import { run, type CommandOptions, type CommandResult } from './command.ts'
import { isOrphan, ownedName } from './owner.ts'

const NAMESPACES = '/run/netns'

/** A network namespace that only holds what was put into it. Create by `createNamespace`, dispose to remove it. */
export class Namespace implements AsyncDisposable {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }

  /** The argument list that runs `argv` inside; it becomes that program, so signals and exit status are its own. */
  inside(argv: readonly string[]): string[] {
    return ['ip', 'netns', 'exec', this.name, ...argv]
  }

  /** Runs a command inside to its end. */
  exec(argv: readonly string[], options?: CommandOptions): Promise<CommandResult> {
    return run(this.inside(argv), options)
  }

  /** `ip` on this namespace, e.g. `ip('link', 'set', 'lo', 'up')`. */
  ip(...args: string[]): Promise<CommandResult> {
    return run(['ip', '-n', this.name, ...args])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await remove(this.name)
  }
}

/** Creates a namespace with only loopback in it; first removes those whose owner is dead. Needs root. */
export async function createNamespace(role: string): Promise<Namespace> {
  await removeOrphans()
  const namespace = new Namespace(ownedName(role))
  await run(['ip', 'netns', 'add', namespace.name])
  await namespace.ip('link', 'set', 'lo', 'up')
  return namespace
}

async function removeOrphans(): Promise<void> {
  const names = await readdir(NAMESPACES).catch(() => [])
  // Two runs may find the same orphan: whoever comes second has nothing left to do.
  for (const name of names.filter(isOrphan)) await remove(name).catch(() => {})
}

/** Ends what still runs inside, then removes the namespace and with it its interfaces. */
async function remove(name: string): Promise<void> {
  const { stdout } = await run(['ip', 'netns', 'pids', name])
  for (const pid of stdout.split('\n').filter(Boolean)) killQuietly(Number(pid))
  await run(['ip', 'netns', 'delete', name])
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended by itself meanwhile.
  }
}
