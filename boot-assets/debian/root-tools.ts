// Runs build tools out of an unpacked Debian root, on files anywhere on this host.
import { join } from 'node:path'
import { SOURCE_DATE_EPOCH } from './root.ts'
import { run } from './run.ts'
import type { RunOptions } from './run.ts'

/** Folder of shared libraries below a Debian root. */
const LIBRARIES = 'usr/lib/x86_64-linux-gnu'

export interface ToolOptions extends RunOptions {
  /** What the program sees as its own name; some do different things by it. Default: its path. */
  name?: string
}

/**
 * Runs `usr/<program>` of `root` and returns its standard output. The root's own dynamic loader starts it, with the
 * root's libraries: what is built does not depend on the versions this host has, and nothing needs to be mounted.
 */
export function runFromRoot(
  root: string,
  program: string,
  args: readonly string[],
  { name = program, env, ...options }: ToolOptions = {},
): Promise<string> {
  const loader = join(root, LIBRARIES, 'ld-linux-x86-64.so.2')
  const loaderArgs = ['--library-path', join(root, LIBRARIES), '--argv0', name, join(root, 'usr', program)]
  const reproducible = { SOURCE_DATE_EPOCH: String(SOURCE_DATE_EPOCH), TZ: 'UTC' }
  return run(loader, [...loaderArgs, ...args], { ...options, env: { ...reproducible, ...env } })
}
