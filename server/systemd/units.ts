// The unit files of a configuration: one service without root's rights, one socket for each port it listens on.
import { resolve } from 'node:path'
import type { Config } from '../config/load.ts'
import { urlHost } from '../host/ipv6.ts'
import type { Templates, TemplateVariables } from '../render/templates.ts'
import { SystemdError } from './errors.ts'

export interface UnitFile {
  path: string
  text: string
}

export interface UnitOptions {
  config: Config
  /** The configuration file, if there is one. */
  configFile: string | undefined
  user: string
  /** Program and arguments that serve. */
  command: readonly string[]
  /** Whether the right to open low ports is needed again while serving. */
  lowPorts: boolean
}

interface Listener {
  name: string
  description: string
  kind: 'ListenStream' | 'ListenDatagram'
  address: string
  /** The interface whose datagrams the socket is for. */
  device?: string
  broadcast?: boolean
}

export const UNITS = '/etc/systemd/system'
const SYSUSERS = '/etc/sysusers.d/landfall.conf'
const STATE = '/var/lib/'
const CACHE = '/var/cache/landfall'
const EVERYWHERE = '0.0.0.0'
const HOMES = ['/home/', '/root/', '/run/user/']

/** Name of the unit for each listener that is switched on. */
export function socketUnits(config: Config): string[] {
  return listenersOf(config).map(unitName)
}

/** All files, the service first. Throws SystemdError VALUE_UNSAFE, RenderError. */
export function unitFiles(templates: Templates, options: UnitOptions): UnitFile[] {
  const { config, user } = options
  const sockets = listenersOf(config).map((listener) => ({
    path: `${UNITS}/${unitName(listener)}`,
    text: templates.render('systemd/listener.socket', socketVariables(listener)),
  }))
  const home = unitWord(resolve(config.dataDir))
  return [
    {
      path: `${UNITS}/landfall.service`,
      text: templates.render('systemd/landfall.service', serviceVariables(options)),
    },
    ...sockets,
    { path: SYSUSERS, text: templates.render('systemd/sysusers.conf', { user: unitWord(user), home }) },
  ]
}

function serviceVariables(options: UnitOptions): TemplateVariables {
  const { config, configFile, user, command, lowPorts } = options
  const dataDir = resolve(config.dataDir)
  const isState = dataDir.startsWith(STATE)
  const paths = [...command, dataDir, ...(configFile === undefined ? [] : [resolve(configFile)])]
  const environment = {
    LANDFALL_DATA_DIR: dataDir,
    LANDFALL_CACHE: CACHE,
    ...(configFile !== undefined && { LANDFALL_CONFIG: resolve(configFile) }),
  }
  return {
    user: unitWord(user),
    sockets: listenersOf(config).map(unitName),
    environment: Object.entries(environment).map(([name, value]) => `${name}=${unitWord(value)}`),
    command: command.map(unitWord).join(' '),
    stateDirectory: isState ? unitWord(dataDir.slice(STATE.length)) : '',
    writable: isState ? [] : [unitWord(dataDir)],
    protectHome: paths.some((path) => HOMES.some((home) => path.startsWith(home))) ? 'read-only' : 'yes',
    capabilities: lowPorts ? 'CAP_NET_BIND_SERVICE' : '',
  }
}

function socketVariables(listener: Listener): TemplateVariables {
  const { description, kind, address, name, device, broadcast } = listener
  return {
    unit: unitName(listener),
    description: `Landfall: ${description}`,
    kind,
    address,
    name,
    device: device ?? '',
    broadcast: broadcast ?? false,
    freeBind: !address.startsWith(EVERYWHERE) && !address.startsWith('[::]'),
  }
}

function unitName({ name }: Listener): string {
  return `landfall-${unitWord(name)}.socket`
}

/** Without those of DHCPv6 and of TFTP by IPv6: the server opens these itself. */
function listenersOf(config: Config): Listener[] {
  const { http, https, tftp, dhcp, dhcp6, address } = config
  const [first, ...further] = dhcp.interfaces
  const onLink = (device: string) => ({ address: `${EVERYWHERE}:${tftp.port}`, device })
  return [
    { name: 'http', description: 'boot files', kind: 'ListenStream', address: `${urlHost(http.host)}:${http.port}` },
    {
      name: 'https',
      description: 'web, API and registry',
      kind: 'ListenStream',
      address: `${urlHost(https.host)}:${https.port}`,
    },
    ...listIf(tftp.enabled && (dhcp.mode !== 'off' || dhcp6.mode === 'off'), {
      name: 'tftp',
      description: 'TFTP',
      kind: 'ListenDatagram',
      ...(first === undefined ? { address: `${urlHost(address)}:${tftp.port}` } : onLink(first)),
    }),
    ...further.flatMap((device) =>
      listIf(tftp.enabled, {
        name: `tftp-${device}`,
        description: `TFTP on ${device}`,
        kind: 'ListenDatagram',
        ...onLink(device),
      }),
    ),
    ...(dhcp.mode === 'off' ? [] : dhcp.interfaces.flatMap(dhcpListeners)),
  ]
}

function dhcpListeners(device: string): Listener[] {
  return [
    {
      name: `dhcp-${device}`,
      description: `DHCP on ${device}`,
      kind: 'ListenDatagram',
      address: `${EVERYWHERE}:67`,
      device,
      broadcast: true,
    },
    {
      name: `pxe-${device}`,
      description: `PXE boot server on ${device}`,
      kind: 'ListenDatagram',
      address: `${EVERYWHERE}:4011`,
      device,
    },
  ]
}

function listIf(condition: boolean, listener: Listener): Listener[] {
  return condition ? [listener] : []
}

/** A value that means itself in a unit file: systemd would take blanks, quotes, `%` and `$` apart. */
function unitWord(value: string): string {
  if (/^[A-Za-z0-9_@:,./=+-]+$/.test(value)) return value
  throw new SystemdError('VALUE_UNSAFE', `making units: ${JSON.stringify(value)} cannot stand in a unit file`, {
    hint: 'use a name or path of letters, digits and _ @ : , . / = + -',
  })
}
