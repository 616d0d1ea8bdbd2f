// A program of the image that says no to what the spec asks for.
import { AgentError } from '../errors.ts'
import { CommandError } from '../sys/command.ts'

/** In the program's words, without the command line of the sandbox around it. Other errors, and a full disk, stay what they are. */
export function refusedBy(error: unknown, doing: string): unknown {
  if (!(error instanceof CommandError) || error.reason !== 'exit' || error.code !== undefined) return error
  const said = (error.stderr.trim() || error.message).slice(-2000)
  return new AgentError('CONFIGURE_FAILED', `${doing}: ${said}`, { cause: error })
}
