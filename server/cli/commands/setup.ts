// `landfall setup`: the first configuration, found out on this host and shown before it is written.
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline/promises'
import { Option } from 'commander'
import type { Command } from 'commander'
import { loadConfig } from '../../config/load.ts'
import type { Finding } from '../../contract/finding.ts'
import { DHCP_CHOICES, GIVEN_ELSEWHERE, isGivenElsewhere } from '../../contract/network.ts'
import type { DhcpChoice } from '../../contract/network.ts'
import { readHost } from '../../doctor/host.ts'
import { diagnoseHost } from '../../doctor/netboot.ts'
import { SetupError } from '../../setup/errors.ts'
import type { SetupErrorCode } from '../../setup/errors.ts'
import { linkNamed, setupLinks } from '../../setup/links.ts'
import { proposedConfig } from '../../setup/proposal.ts'
import type { SetupLink } from '../../setup/proposal.ts'
import { writeConfig } from '../../setup/write-config.ts'
import { CliError } from '../errors.ts'
import type { ExitCode } from '../errors.ts'
import { printText } from '../output.ts'
import type { CommonOptions } from './context.ts'
import { findingText } from './doctor.ts'

interface SetupOptions extends CommonOptions {
  interface?: string
  dhcp?: DhcpChoice
  pool?: string[]
  router?: string
  file?: string
  probe: boolean
  yes?: boolean
  force?: boolean
}

/** Asks a person; undefined where nobody is there to answer. */
type Ask = ((question: string, usual: string) => Promise<string>) | undefined

export function addSetupCommand(program: Command): void {
  program
    .command('setup')
    .description('make the first configuration of a server: asks on a terminal, shows it, then writes it')
    .option('--interface <name>', 'network interface that machines boot from')
    .addOption(
      new Option('--dhcp <mode>', 'give addresses, or only boot data beside another DHCP server').choices(DHCP_CHOICES),
    )
    .option('--pool <range...>', 'addresses to give: 10.77.0.100-10.77.0.199')
    .option('--router <address>', 'default gateway told to machines')
    .option('--file <file>', 'what to write (default: /etc/landfall/landfall.toml as root, else ./landfall.toml)')
    .option('--no-probe', 'do not look for another DHCP server')
    .option('--yes', 'write it without asking; elsewhere than on a terminal it is only shown otherwise')
    .option('--force', 'replace a file that is there')
    .action(async (_: unknown, command: Command) => setup(command.optsWithGlobals<SetupOptions>()))
}

async function setup(options: SetupOptions): Promise<void> {
  const { output, yes = false, force = false } = options
  const terminal =
    process.stdin.isTTY && !yes ? createInterface({ input: process.stdin, output: process.stderr }) : undefined
  const left = new AbortController()
  terminal?.on('close', () => left.abort())
  const ask: Ask =
    terminal &&
    (async (question, usual) =>
      (await terminal.question(`${question} [${usual}]: `, { signal: left.signal })).trim() || usual)
  try {
    const file = options.file ?? (process.getuid?.() === 0 ? '/etc/landfall/landfall.toml' : 'landfall.toml')
    if (!force && existsSync(file)) {
      throw new CliError(`${file} is there already: nothing was changed`, { hint: '--force replaces it' })
    }
    const link = await chooseLink(options.interface, ask)
    const findings = [
      ...(options.probe ? [await otherServer(link)] : []),
      ...diagnoseHost(await readHost(), { link: link.name }),
    ]
    console.error(findings.map(findingText).join('\n'))
    const seen = findings.some(({ code }) => code === 'OTHER_SERVER')
    const mode = options.dhcp ?? (await chooseMode(seen ? 'proxy' : 'auto', ask))
    const { pool, router, dataDir } = options
    if (isGivenElsewhere({ mode, pool, router })) {
      const hint = 'leave out --pool and --router, or choose --dhcp auto or server'
      throw new CliError(GIVEN_ELSEWHERE, { exitCode: 2, hint })
    }
    const config = proposedConfig(link, { mode, pool, router, dataDir })
    console.error(`\n${file}:\n\n${config.replaceAll(/^(?=.)/gm, '  ')}`)
    const wanted = yes || (ask !== undefined && /^y/i.test(await ask('Write it?', 'yes')))
    if (wanted)
      await writeConfig(file, config, { replace: force, check: (path) => loadConfig({ file: path, env: {} }) })
    const next = wanted ? nextSteps(file, link) : [`nothing was written; \`landfall setup --yes\` does without asking`]
    printText(output, { file, written: wanted, config, findings, next }, next.join('\n'))
  } catch (error) {
    if (error instanceof SetupError) throw forPeople(error)
    if (!left.signal.aborted) throw error
    throw new CliError('left before the end: nothing was changed', { cause: error })
  } finally {
    terminal?.close()
  }
}

async function chooseLink(wanted: string | undefined, ask: Ask): Promise<SetupLink> {
  const found = setupLinks()
  const told = found.map(({ name, cidr }) => `${name} (${cidr})`).join(', ')
  const [first] = found
  if (!first) {
    const hint = 'give the interface that machines boot from a fixed address: ip address add 10.77.0.1/24 dev eth1'
    throw new CliError('no interface of this host has an IPv4 address and a carrier', { hint })
  }
  if (wanted === undefined && !ask && found.length > 1) {
    throw new CliError(`which interface do machines boot from: ${told}?`, { exitCode: 2, hint: 'give --interface' })
  }
  const name = wanted ?? (ask ? await ask(`Interface that machines boot from, of ${told}`, first.name) : first.name)
  return linkNamed(name, found)
}

async function chooseMode(usual: DhcpChoice, ask: Ask): Promise<DhcpChoice> {
  const answer = ask
    ? await ask('DHCP: give addresses (server), only boot data (proxy), or by what is there (auto)', usual)
    : usual
  const mode = DHCP_CHOICES.find((one) => one === answer)
  if (mode) return mode
  throw new CliError(`${answer}: want ${DHCP_CHOICES.join(', ')}`, { exitCode: 2 })
}

/** Loaded when wanted: other commands have nothing to do with sockets. */
async function otherServer(link: SetupLink): Promise<Finding> {
  const { probeFinding, probeOnce } = await import('../../setup/probe.ts')
  console.error(`looking for other DHCP servers on ${link.name}`)
  return probeFinding(link, await probeOnce(link))
}

/** What flag mends it, and whether the call was wrong. */
const REMEDIES: Partial<Record<SetupErrorCode, { exitCode: ExitCode; hint?: string }>> = {
  LINK_UNKNOWN: { exitCode: 2 },
  NO_ROOM: { exitCode: 2, hint: 'use --dhcp proxy' },
  FILE_EXISTS: { exitCode: 1, hint: '--force replaces it' },
  NOT_WRITABLE: { exitCode: 1, hint: 'run as root, or give --file' },
}

function forPeople(error: SetupError): CliError {
  const { exitCode = 1, hint = error.hint } = REMEDIES[error.code] ?? {}
  return new CliError(error.message, { exitCode, ...(hint !== undefined && { hint }), cause: error })
}

function nextSteps(file: string, { address }: SetupLink): string[] {
  return [
    `wrote ${file}`,
    `next: landfall serve --build --config ${file}`,
    '        builds installer and loaders, starts the server, prints a link for the first login',
    'next: landfall image pull registry.example/os/web:stable',
    `        or push one: podman push ${address}:8443/os/web:stable`,
    'next: start a machine from the network (boot menu, often F12); `landfall machine list --watch` shows it',
    'next: landfall machine assign os/web:stable MACHINE',
    'next: landfall doctor, whenever something does not work',
  ]
}
