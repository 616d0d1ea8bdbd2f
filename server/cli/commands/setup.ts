// `landfall setup`: the first configuration, found out on this host and shown before it is written.
import { existsSync, readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { createInterface } from 'node:readline/promises'
import { Option } from 'commander'
import type { Command } from 'commander'
import { loadConfig } from '../../config/load.ts'
import { readHost } from '../doctor/host.ts'
import { diagnoseNetboot } from '../doctor/netboot.ts'
import type { Finding } from '../doctor/netboot.ts'
import { CliError } from '../errors.ts'
import { printText } from '../output.ts'
import { SETUP_MODES, gatewayOf, proposedConfig } from '../setup/proposal.ts'
import type { SetupLink, SetupMode } from '../setup/proposal.ts'
import { writeConfig } from '../setup/write-config.ts'
import type { CommonOptions } from './context.ts'
import { findingText } from './doctor.ts'

interface SetupOptions extends CommonOptions {
  interface?: string
  dhcp?: SetupMode
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
      new Option('--dhcp <mode>', 'give addresses, or only boot data beside another DHCP server').choices(SETUP_MODES),
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
    const findings = [...(options.probe ? [await otherServer(link)] : []), ...(await hostFindings())]
    console.error(findings.map(findingText).join('\n'))
    const seen = findings.some(({ code }) => code === 'OTHER_SERVER')
    const mode = options.dhcp ?? (await chooseMode(seen ? 'proxy' : 'auto', ask))
    const router = mode === 'proxy' ? undefined : (options.router ?? gateway(link.name))
    const config = proposedConfig(link, { mode, pool: options.pool, router, dataDir: options.dataDir })
    console.error(`\n${file}:\n\n${config.replaceAll(/^(?=.)/gm, '  ')}`)
    const wanted = yes || (ask !== undefined && /^y/i.test(await ask('Write it?', 'yes')))
    if (wanted)
      await writeConfig(file, config, { replace: force, check: (path) => loadConfig({ file: path, env: {} }) })
    const next = wanted ? nextSteps(file, link) : [`nothing was written; \`landfall setup --yes\` does without asking`]
    printText(output, { file, written: wanted, config, findings, next }, next.join('\n'))
  } catch (error) {
    if (!left.signal.aborted) throw error
    throw new CliError('left before the end: nothing was changed', { cause: error })
  } finally {
    terminal?.close()
  }
}

function links(): SetupLink[] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) => {
    const found = addresses.find(({ family, internal, cidr }) => family === 'IPv4' && !internal && cidr !== null)
    return found ? [{ name, address: found.address, cidr: found.cidr! }] : []
  })
}

async function chooseLink(wanted: string | undefined, ask: Ask): Promise<SetupLink> {
  const found = links()
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
  const link = found.find((one) => one.name === name)
  if (link) return link
  throw new CliError(`there is no interface ${name} with an IPv4 address and a carrier: there are ${told}`, {
    exitCode: 2,
  })
}

async function chooseMode(usual: SetupMode, ask: Ask): Promise<SetupMode> {
  const answer = ask
    ? await ask('DHCP: give addresses (server), only boot data (proxy), or by what is there (auto)', usual)
    : usual
  const mode = SETUP_MODES.find((one) => one === answer)
  if (mode) return mode
  throw new CliError(`${answer}: want ${SETUP_MODES.join(', ')}`, { exitCode: 2 })
}

/** Loaded when wanted: other commands have nothing to do with sockets. */
async function otherServer(link: SetupLink): Promise<Finding> {
  const { probeOnce } = await import('../setup/probe.ts')
  console.error(`looking for other DHCP servers on ${link.name}`)
  const answer = await probeOnce(link)
  if (answer === 'silence') {
    return { code: 'NO_OTHER_SERVER', level: 'ok', message: `no other DHCP server answers on ${link.name}` }
  }
  if ('server' in answer) {
    const message = `another DHCP server, ${answer.server}, answers on ${link.name}: give no addresses beside it`
    return { code: 'OTHER_SERVER', level: 'note', message, next: ['choose proxy, or auto'] }
  }
  const next = ['run this as root: asking needs port 68']
  return {
    code: 'PROBE_FAILED',
    level: 'note',
    message: `other DHCP servers were not looked for: ${answer.failed}`,
    next,
  }
}

/** Who holds the ports, and what the firewall drops. */
async function hostFindings(): Promise<Finding[]> {
  const server = { unreachable: 'not started yet', next: '' }
  return diagnoseNetboot({ server, host: await readHost(), now: Date.now() }).filter(
    ({ code }) => code !== 'SERVER_UNREACHABLE',
  )
}

function gateway(name: string): string | undefined {
  try {
    return gatewayOf(readFileSync('/proc/net/route', 'utf8'), name)
  } catch {
    return undefined
  }
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
