// The network of a running server: looked at, tested, and set up while it runs.
import { ConfigError } from '../config/errors.ts'
import type { Config } from '../config/load.ts'
import { networkFile } from '../config/network-file.ts'
import type { Finding } from '../contract/finding.ts'
import type { ChangedNetwork, ChangeNetwork, Network } from '../contract/network.ts'
import type { SystemInfo } from '../contract/system.ts'
import type { TraceOverview } from '../contract/trace.ts'
import type { HostFacts } from '../doctor/host.ts'
import { diagnoseHost, diagnoseNetboot } from '../doctor/netboot.ts'
import { SetupError } from './errors.ts'
import { linkNamed } from './links.ts'
import { probeFinding } from './probe.ts'
import type { ProbeAnswer } from './probe.ts'
import { poolOf, proposedConfig } from './proposal.ts'
import type { SetupLink } from './proposal.ts'
import { writeConfig } from './write-config.ts'

export interface NetworkSetupPorts {
  config: Pick<Config, 'dataDir' | 'dhcp' | 'http'>
  /** Each setting's place, as loadConfig tells it. */
  origins: Readonly<Record<string, string>>
  links: () => SetupLink[]
  probe: (link: SetupLink) => Promise<ProbeAnswer>
  host: () => Promise<HostFacts>
  system: () => SystemInfo
  overview: () => TraceOverview
  /** Throws ConfigError for a file that the next start would refuse. */
  check: (file: string) => void
  /** Has the server start anew; absent where only whoever started it can. */
  restart?: (() => void) | undefined
}

const BY_HAND = 'restart the server: systemctl restart landfall'

export class NetworkSetup {
  readonly #ports: NetworkSetupPorts

  constructor(ports: NetworkSetupPorts) {
    this.#ports = ports
  }

  look(): Network {
    const { links, config } = this.#ports
    return {
      links: links().map((link) => {
        const { name, address, cidr, gateway = null } = link
        return { name, address, cidr, gateway, pool: roomOn(link) }
      }),
      mode: config.dhcp.mode,
      interfaces: config.dhcp.interfaces,
      setBy: this.#setElsewhere(),
    }
  }

  /** What is in the way of machines that boot by this interface. A link that is served already is not asked again: we would hear ourselves. Throws LINK_UNKNOWN. */
  async check(name: string): Promise<Finding[]> {
    const { links, probe, host, system, overview, config } = this.#ports
    const link = linkNamed(name, links())
    const now = system()
    if (now.dhcp.some((one) => one.interface === name)) {
      const server = { system: now, overview: overview() }
      return diagnoseNetboot({ server, host: await host(), now: Date.now() })
    }
    const [answer, facts] = await Promise.all([probe(link), host()])
    return [probeFinding(link, answer), ...diagnoseHost(facts, { link: name, httpPort: config.http.port })]
  }

  /** Writes the settings and has the server start by them. Throws SetupError, and has changed nothing then. */
  async change({ interface: name, dryRun, ...wishes }: ChangeNetwork): Promise<ChangedNetwork> {
    const { config, links, check, restart } = this.#ports
    const place = this.#setElsewhere()
    if (place !== null) {
      const hint = `change or remove it there; then ${BY_HAND}`
      throw new SetupError('SET_ELSEWHERE', `DHCP is set by ${place}`, { hint })
    }
    const text = proposedConfig(linkNamed(name, links()), wishes)
    const file = networkFile(config.dataDir)
    if (dryRun) return { file, config: text, written: false, restarting: false, next: ['nothing was written'] }
    await writeConfig(file, text, { replace: true, check: (path) => refusing(() => check(path)) })
    restart?.()
    return { file, config: text, written: true, restarting: restart !== undefined, next: restart ? [] : [BY_HAND] }
  }

  /** The place of the first setting of DHCP that is not in our file. */
  #setElsewhere(): string | null {
    const { origins, config } = this.#ports
    const ours = networkFile(config.dataDir)
    const places = Object.entries(origins).flatMap(([path, place]) => (path.startsWith('dhcp.') ? [place] : []))
    return places.find((place) => place !== 'default' && !place.startsWith(ours)) ?? null
  }
}

function roomOn(link: SetupLink): string[] {
  try {
    return poolOf(link, link.gateway ?? null)
  } catch (error) {
    if (error instanceof SetupError) return []
    throw error
  }
}

function refusing(check: () => void): void {
  try {
    check()
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause
    throw new SetupError('SETTINGS_REFUSED', cause.message, { hint: cause.hint, cause })
  }
}
