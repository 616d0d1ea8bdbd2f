// What every client command gets: a connected client and the wanted output format.
import type { Command } from 'commander'
import { findAccess } from '../access.ts'
import type { AccessOptions } from '../access.ts'
import { ApiClient } from '../client.ts'
import type { OutputFormat } from '../output.ts'
import { watched } from '../watch.ts'

export interface CommandContext {
  client: ApiClient
  output: OutputFormat
}

/** Options of the root command, and `--watch` of those that look. */
export interface CommonOptions extends AccessOptions {
  output: OutputFormat
  watch?: boolean
}

/**
 * Runs a command's work with a client that is closed afterwards; with `--watch` again and again, unless the command does that itself.
 */
export async function withClient(
  command: Command,
  work: (context: CommandContext) => Promise<void>,
  { watchesItself = false } = {},
): Promise<void> {
  const { output, watch = false, ...access } = command.optsWithGlobals<CommonOptions>()
  const client = new ApiClient(findAccess(process.env, access))
  const once = () => work({ client, output })
  try {
    await (watch && !watchesItself ? watched(once, { output }) : once())
  } finally {
    await client.close()
  }
}
