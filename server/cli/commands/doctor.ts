// `landfall doctor`: looks for what is in the way, and says what to do.
import type { Command } from 'commander'
import type { Finding } from '../../contract/finding.ts'
import { SystemInfo } from '../../contract/system.ts'
import { Trace, TraceOverview } from '../../contract/trace.ts'
import { readHost } from '../../doctor/host.ts'
import { diagnoseNetboot } from '../../doctor/netboot.ts'
import type { NetbootFacts } from '../../doctor/netboot.ts'
import { findAccess, isHere } from '../access.ts'
import type { Access, AccessOptions } from '../access.ts'
import { ApiClient } from '../client.ts'
import { gatherSite } from '../doctor/site-facts.ts'
import { diagnoseSite } from '../doctor/site.ts'
import { CliError } from '../errors.ts'
import { printText } from '../output.ts'
import type { OutputFormat } from '../output.ts'
import { traceOf } from './machine-trace.ts'
import type { CommonOptions } from './context.ts'

export function addDoctorCommands(program: Command): void {
  const doctor = program.command('doctor').description('looks for what is in the way')

  doctor
    .command('all', { isDefault: true })
    .description(
      'the most frequent mistakes: clock, disk, certificate, images, machines that wait, network boot; on the server, as root, it sees most',
    )
    .action(async (_: unknown, command: Command) => {
      const { output, ...access } = command.optsWithGlobals<CommonOptions>()
      report(
        output,
        await connected(access, async (client, { url, folder }, system) => [
          ...diagnoseSite(await gatherSite(client, { url, folder, system })),
          ...diagnoseNetboot(await gather(client, system, access)),
        ]),
      )
    })

  doctor
    .command('netboot')
    .description('why machines, or one of them, do not boot from the network; as root it sees more')
    .argument('[machine]', 'id, name, MAC or serial of a machine; MAC of a stranger')
    .action(async (name: string | undefined, _: unknown, command: Command) => {
      const { output, ...access } = command.optsWithGlobals<CommonOptions>()
      report(
        output,
        await connected(access, async (client, _, system) =>
          diagnoseNetboot(await gather(client, system, access, name)),
        ),
      )
    })
}

/** Throws CliError 3 for a server that does not answer, 1 for other problems. */
function report(output: OutputFormat, findings: readonly Finding[]): void {
  printText(output, { findings }, findings.map(findingText).join('\n'))
  const problems = findings.filter(({ level }) => level === 'problem').length
  if (findings.some(({ code }) => code === 'SERVER_UNREACHABLE')) {
    throw new CliError('the server does not answer', { exitCode: 3 })
  }
  if (problems > 0) throw new CliError(`${problems} ${problems === 1 ? 'problem' : 'problems'} found`)
}

const MARKS: Record<Finding['level'], string> = { ok: 'ok     ', note: 'note   ', problem: 'PROBLEM' }

export function findingText({ code, level, message, causes = [], next = [] }: Finding): string {
  return [
    `${MARKS[level]}  ${message} (${code})`,
    ...causes.map((cause) => `           perhaps: ${cause}`),
    ...next.map((step) => `           next: ${step}`),
  ].join('\n')
}

/** A server that does not answer is a finding, not the end: its host can still be looked at. */
async function connected(
  options: AccessOptions,
  look: (client: ApiClient, access: Access, system: SystemInfo) => Promise<Finding[]>,
): Promise<Finding[]> {
  let client: ApiClient | undefined
  try {
    const access = findAccess(process.env, options)
    client = new ApiClient(access)
    return await look(client, access, await client.call('GET', '/system', SystemInfo))
  } catch (error) {
    const { message, hint = 'start it: landfall serve', exitCode } = error as CliError
    if (!(error instanceof CliError) || (exitCode !== 3 && client !== undefined)) throw error
    return diagnoseNetboot({ ...(await common(options)), server: { unreachable: message, next: hint } })
  } finally {
    await client?.close()
  }
}

async function common(options: AccessOptions): Promise<Pick<NetbootFacts, 'host' | 'now'>> {
  return { host: isHere(process.env, options) ? await readHost() : undefined, now: Date.now() }
}

async function gather(
  client: ApiClient,
  system: SystemInfo,
  options: AccessOptions,
  name?: string,
): Promise<NetbootFacts> {
  const overview = await client.call('GET', '/trace', TraceOverview)
  const found = name === undefined ? undefined : { name, trace: await heardOf(client, name) }
  return { ...(await common(options)), server: { system, overview }, ...(found && { client: found }) }
}

async function heardOf(client: ApiClient, name: string): Promise<Trace | undefined> {
  try {
    return await traceOf(client, name)
  } catch (error) {
    if (error instanceof CliError && error.code === 'CLIENT_NOT_HEARD') return undefined
    throw error
  }
}
