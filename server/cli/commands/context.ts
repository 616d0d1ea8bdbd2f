// What every client command gets: a connected client and the wanted output format.
import type { Command } from 'commander'
import { findAccess } from '../access.ts'
import { ApiClient } from '../client.ts'
import type { OutputFormat } from '../output.ts'

export interface CommandContext {
  client: ApiClient
  output: OutputFormat
}

/** Runs a command's work with a client that is closed afterwards. Global options come from the root command. */
export async function withClient(command: Command, work: (context: CommandContext) => Promise<void>): Promise<void> {
  const { output, dataDir } = command.optsWithGlobals<{ output: OutputFormat; dataDir?: string }>()
  const client = new ApiClient(findAccess(process.env, dataDir))
  try {
    await work({ client, output })
  } finally {
    await client.close()
  }
}
