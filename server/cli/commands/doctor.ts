// `landfall doctor`: looks for what is in the way, and says what to do.
import type { Command } from 'commander'
import { SystemInfo } from '../../contract/system.ts'
import { Trace, TraceOverview } from '../../contract/trace.ts'
import { findAccess, isHere } from '../access.ts'
import type { AccessOptions } from '../access.ts'
import { ApiClient } from '../client.ts'
import { readHost } from '../doctor/host.ts'
import { diagnoseNetboot } from '../doctor/netboot.ts'
import type { Finding, NetbootFacts } from '../doctor/netboot.ts'
import { CliError } from '../errors.ts'
import { printText } from '../output.ts'
import { traceOf } from './machine-trace.ts'
import type { CommonOptions } from './context.ts'

export function addDoctorCommands(program: Command): void {
  const doctor = program.command('doctor').description('looks for what is in the way')

  doctor
    .command('netboot')
    .description('why machines, or one of them, do not boot from the network; as root it sees more')
    .argument('[machine]', 'id, name, MAC or serial of a machine; MAC of a stranger')
    .action(async (name: string | undefined, _: unknown, command: Command) => {
      const { output, ...access } = command.optsWithGlobals<CommonOptions>()
      const facts = await gather(name, access)
      const findings = diagnoseNetboot(facts)
      printText(output, { findings }, findings.map(findingText).join('\n'))
      const problems = findings.filter(({ level }) => level === 'problem').length
      if ('unreachable' in facts.server) throw new CliError('the server does not answer', { exitCode: 3 })
      if (problems > 0) throw new CliError(`${problems} ${problems === 1 ? 'problem' : 'problems'} found`)
    })
}

const MARKS: Record<Finding['level'], string> = { ok: 'ok     ', note: 'note   ', problem: 'PROBLEM' }

function findingText({ code, level, message, causes = [], next = [] }: Finding): string {
  return [
    `${MARKS[level]}  ${message} (${code})`,
    ...causes.map((cause) => `           perhaps: ${cause}`),
    ...next.map((step) => `           next: ${step}`),
  ].join('\n')
}

/** A server that does not answer is a finding, not the end: its host can still be looked at. */
async function gather(name: string | undefined, access: AccessOptions): Promise<NetbootFacts> {
  const common = { host: isHere(process.env, access) ? await readHost() : undefined, now: Date.now() }
  let client: ApiClient | undefined
  try {
    client = new ApiClient(findAccess(process.env, access))
    const system = await client.call('GET', '/system', SystemInfo)
    const overview = await client.call('GET', '/trace', TraceOverview)
    const found = name === undefined ? undefined : { name, trace: await heardOf(client, name) }
    return { ...common, server: { system, overview }, ...(found && { client: found }) }
  } catch (error) {
    const { message, hint = 'start it: landfall serve', exitCode } = error as CliError
    if (!(error instanceof CliError) || (exitCode !== 3 && client !== undefined)) throw error
    return { ...common, server: { unreachable: message, next: hint } }
  } finally {
    await client?.close()
  }
}

async function heardOf(client: ApiClient, name: string): Promise<Trace | undefined> {
  try {
    return await traceOf(client, name)
  } catch (error) {
    if (error instanceof CliError && error.code === 'CLIENT_NOT_HEARD') return undefined
    throw error
  }
}
