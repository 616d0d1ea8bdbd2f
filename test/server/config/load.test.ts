import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Host } from '../../../server/config/defaults.ts'
import { ConfigError } from '../../../server/config/errors.ts'
import { loadConfig } from '../../../server/config/load.ts'
import type { LoadOptions } from '../../../server/config/load.ts'

const INTERFACES = [
  { name: 'lo', address: '127.0.0.1', internal: true },
  { name: 'eth0', address: '192.0.2.10', internal: false },
  { name: 'eth1', address: '10.77.0.1', internal: false },
]

const HOST: Host = {
  name: 'depot',
  isRoot: true,
  home: '/root',
  isTerminal: false,
  interfaces: INTERFACES,
  addressOf: (name) => INTERFACES.find((one) => one.name === name)?.address,
  addressOf6: (name) => (name === 'eth1' ? 'fd00:77::1' : undefined),
  hasIpv6: true,
}

const SERVER = `[dhcp]
mode = "server"
interface = "eth1"
[dhcp.subnet]
cidr = "10.77.0.0/24"
pool = ["10.77.0.100-10.77.0.199"]
`

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'landfall-config-'))
  file = join(folder, 'landfall.toml')
})
afterEach(() => rmSync(folder, { recursive: true }))

function load(text: string, options: LoadOptions = {}) {
  writeFileSync(file, text)
  return loadConfig({ file, env: {}, host: HOST, ...options })
}

function refusal(work: () => unknown): ConfigError {
  try {
    work()
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

describe('defaults', () => {
  it('come from the host', () => {
    expect(load('').config).toMatchObject({
      name: 'depot',
      dataDir: '/var/lib/landfall',
      address: '192.0.2.10',
      registry: '192.0.2.10:8443',
      http: { host: '::', port: 8080, maxConnections: 4096, maxConnectionsPerAddress: 256 },
      tftp: { enabled: false, port: 69, maxTransfers: 2048, maxTransfersPerClient: 8 },
      log: { level: 'info', format: 'json' },
    })
  })

  it('follow the served interface, and turn TFTP on with DHCP', () => {
    const { config } = load(SERVER)
    expect(config).toMatchObject({ address: '10.77.0.1', registry: '10.77.0.1:8443', tftp: { enabled: true } })
    expect(config.dhcp.subnet).toMatchObject({ leaseSeconds: 3600, authoritative: true, exclude: [], reservations: [] })
  })

  it('listen by IPv4 alone where the kernel knows no other', () => {
    expect(load('', { host: { ...HOST, hasIpv6: false } }).config.https.host).toBe('0.0.0.0')
  })

  it('keep out of /var for other users', () => {
    const host = { ...HOST, isRoot: false, home: '/home/ann', isTerminal: true }
    expect(load('', { host }).config).toMatchObject({
      dataDir: '/home/ann/.local/share/landfall',
      log: { format: 'pretty' },
    })
  })

  it('let a trial run without any network', () => {
    expect(load('', { host: { ...HOST, interfaces: [] } }).config.address).toBe('127.0.0.1')
  })

  it('serve an interface whose cable is unplugged for now', () => {
    expect(load(SERVER, { host: { ...HOST, interfaces: [] } }).config.address).toBe('10.77.0.1')
  })
})

describe('sources', () => {
  it('override each other: file, drop-ins by name, environment, flags', () => {
    mkdirSync(`${file}.d`)
    writeFileSync(join(`${file}.d`, '20-b.toml'), 'name = "b"\n[http]\nport = 2000\n')
    writeFileSync(join(`${file}.d`, '10-a.toml'), 'name = "a"\n[https]\nport = 3000')
    writeFileSync(join(`${file}.d`, 'ignored.txt'), 'nonsense')
    const { config, origins, files } = load('name = "main"\n[http]\nport = 1000\n[log]\nlevel = "warn"', {
      env: { LANDFALL_HTTPS_PORT: '4000', LANDFALL_LOG_LEVEL: 'error', PATH: '/bin' },
      flags: { logLevel: 'debug', output: 'json' },
    })
    expect(config).toMatchObject({ name: 'b', http: { port: 2000 }, https: { port: 4000 }, log: { level: 'debug' } })
    expect(origins).toMatchObject({
      name: `${file}.d/20-b.toml:1`,
      'http.port': `${file}.d/20-b.toml:3`,
      'https.port': 'LANDFALL_HTTPS_PORT',
      'log.level': '--log-level',
      'tftp.port': 'default',
    })
    expect(files).toEqual([file, `${file}.d/10-a.toml`, `${file}.d/20-b.toml`])
  })

  it('write lists, flags and tables as text', () => {
    const { config } = load(SERVER, {
      env: {
        LANDFALL_DHCP_SUBNET_DNS: '10.77.0.1, 10.77.0.2',
        LANDFALL_TFTP_ENABLED: 'off',
        LANDFALL_DHCP_SUBNET_RESERVATIONS: '[{"mac":"52-54-00-12-34-56","address":"10.77.0.5"}]',
      },
      flags: { installerConsoles: '["ttyS1,9600"]', dhcpSubnetLeaseSeconds: '600' },
    })
    expect(config).toMatchObject({
      tftp: { enabled: false },
      installer: { consoles: ['ttyS1,9600'] },
      dhcp: {
        subnet: {
          dns: ['10.77.0.1', '10.77.0.2'],
          leaseSeconds: 600,
          reservations: [{ mac: '52:54:00:12:34:56', address: '10.77.0.5' }],
        },
      },
    })
  })

  it('leave the variables of the command line and of tests alone', () => {
    expect(() => load('', { env: { LANDFALL_URL: 'x', LANDFALL_TOKEN: 'x', LANDFALL_CACHE: '/tmp' } })).not.toThrow()
  })

  it('take the file that LANDFALL_CONFIG names', () => {
    writeFileSync(file, 'name = "named"')
    expect(loadConfig({ env: { LANDFALL_CONFIG: file }, host: HOST }).config.name).toBe('named')
  })
})

describe('refusals name the place at fault', () => {
  const table: [string, string, LoadOptions, string, string][] = [
    ['an unknown key', '\n[http]\nprot = 1', {}, 'UNKNOWN_KEY', 'FILE:3: there is no setting http.prot'],
    ['an unknown table', '[htpt]\nport = 1', {}, 'UNKNOWN_KEY', 'FILE:1: there is no setting htpt'],
    ['an unknown key by a dotted path', 'log.lvl = "info"', {}, 'UNKNOWN_KEY', 'FILE:1: there is no setting log.lvl'],
    ['a hostile key', '__proto__.polluted = 1', {}, 'UNKNOWN_KEY', 'FILE:1: there is no setting __proto__'],
    [
      'an unknown variable',
      '',
      { env: { LANDFALL_HTTP_PROT: '1' } },
      'UNKNOWN_KEY',
      'environment: there is no variable LANDFALL_HTTP_PROT',
    ],
    ['a syntax error', 'name = \n', {}, 'SYNTAX', 'reading FILE:1:'],
    ['a key given twice', 'name = "a"\nname = "b"', {}, 'SYNTAX', 'reading FILE:2:'],
    ['a value of another type', '[http]\n# port\nport = "x"', {}, 'INVALID_VALUE', 'FILE:3: http.port: '],
    ['a number out of range', '', { flags: { httpPort: '70000' } }, 'INVALID_VALUE', '--http-port: http.port: '],
    [
      'a variable that is no number',
      '',
      { env: { LANDFALL_HTTP_PORT: '80a' } },
      'INVALID_VALUE',
      'LANDFALL_HTTP_PORT: got "80a", want a whole number',
    ],
    [
      'a variable that is no truth',
      '',
      { env: { LANDFALL_TFTP_ENABLED: 'maybe' } },
      'INVALID_VALUE',
      'LANDFALL_TFTP_ENABLED: got "maybe", want true or false',
    ],
    ['an unknown choice', '[dhcp]\nmode = "serve"', {}, 'INVALID_VALUE', 'FILE:2: dhcp.mode: '],
    [
      'a wrong address deep in a list',
      `${SERVER}[[dhcp.subnet.reservations]]\nmac = "52:54:00:12:34:56"\naddress = "10.77.0"`,
      {},
      'INVALID_VALUE',
      'FILE:7: dhcp.subnet.reservations.0.address: must be an IPv4 address',
    ],
    [
      'a subnet without its network',
      '[dhcp.subnet]\nrouter = "10.0.0.1"',
      {},
      'INVALID_VALUE',
      'dhcp.subnet.cidr: must be a network like 10.77.0.0/24',
    ],
    [
      'DHCP without an interface',
      '[dhcp]\nmode = "proxy"',
      {},
      'CONTRADICTION',
      'FILE:2: dhcp.mode: proxy needs dhcp.interface',
    ],
    [
      'further interfaces without the first',
      '[dhcp]\ninterfaces = ["eth2"]',
      {},
      'CONTRADICTION',
      'FILE:2: dhcp.interfaces: needs dhcp.interface',
    ],
    [
      'an interface that is named twice',
      '[dhcp]\ninterface = "eth1"\ninterfaces = ["eth2", "eth1"]',
      {},
      'CONTRADICTION',
      'FILE:3: dhcp.interfaces: eth1 is served already',
    ],
    [
      'a DHCP server without a subnet',
      '[dhcp]\nmode = "server"\ninterface = "eth1"',
      {},
      'CONTRADICTION',
      'FILE:2: dhcp.mode: server needs dhcp.subnet',
    ],
    [
      'an interface without an address',
      '[dhcp]\nmode = "proxy"\ninterface = "eth7"',
      {},
      'CONTRADICTION',
      'FILE:3: dhcp.interface: eth7 has no IPv4 address',
    ],
    [
      'a pool outside of its network',
      SERVER.replace('0.199', '1.199'),
      {},
      'CONTRADICTION',
      'FILE:6: dhcp.subnet.pool: 10.77.1.199 is outside',
    ],
    [
      'a pool that runs backwards',
      SERVER.replace('0.100', '0.200'),
      {},
      'CONTRADICTION',
      'FILE:6: dhcp.subnet.pool: 10.77.0.200-10.77.0.199 ends before it begins',
    ],
    [
      'a router outside of its network',
      `${SERVER}router = "10.78.0.1"`,
      {},
      'CONTRADICTION',
      'FILE:7: dhcp.subnet.router: 10.78.0.1 is outside',
    ],
    [
      'a reservation of the server’s own address',
      `${SERVER}reservations = [{ mac = "52:54:00:12:34:56", address = "10.77.0.1" }]`,
      {},
      'CONTRADICTION',
      'FILE:7: dhcp.subnet.reservations: 10.77.0.1 is taken',
    ],
    [
      'auto mode without a subnet',
      '[dhcp]\nmode = "auto"\ninterface = "eth1"',
      {},
      'CONTRADICTION',
      'FILE:2: dhcp.mode: auto needs dhcp.subnet',
    ],
    [
      'a further subnet that is part of the first',
      `${SERVER}[[dhcp.subnets]]\ncidr = "10.77.0.128/25"`,
      {},
      'CONTRADICTION',
      'FILE:7: dhcp.subnets: 10.77.0.128/25 overlaps with 10.77.0.0/24',
    ],
    [
      'a further subnet whose pool lies elsewhere',
      `${SERVER}[[dhcp.subnets]]\ncidr = "10.88.0.0/24"\npool = ["10.77.0.9"]`,
      {},
      'CONTRADICTION',
      'FILE:7: dhcp.subnets: pool 10.77.0.9 is outside of its cidr 10.88.0.0/24',
    ],
    [
      'two services on one port',
      '[https]\nport = 8080',
      {},
      'CONTRADICTION',
      'FILE:2: https.port: 8080 is http.port already',
    ],
  ]
  it.each(table)('%s', (_, text, options, code, message) => {
    const error = refusal(() => load(text, options))
    expect(error.code).toBe(code)
    expect(error.message.replace(file, 'FILE')).toContain(message)
    expect(error.message.replace(file, 'FILE').startsWith(message.slice(0, 12))).toBe(true)
  })

  it('guess what was meant', () => {
    expect(refusal(() => load('[http]\nprot = 1')).hint).toBe('did you mean http.port?')
    expect(refusal(() => load('', { env: { LANDFALL_DHCP_MOD: 'off' } })).hint).toBe('did you mean LANDFALL_DHCP_MODE?')
    expect(refusal(() => load('zzzzzzzzz = 1')).hint).toBeUndefined()
  })

  it('a file that was named and is not there', () => {
    expect(() => loadConfig({ file: join(folder, 'none.toml'), env: {}, host: HOST })).toThrowWithCode(
      ConfigError,
      'FILE_UNREADABLE',
    )
  })
})

describe('the set-up page', () => {
  const written = (text: string) => writeFileSync(join(folder, 'network.toml'), text)
  const DATA = () => `dataDir = "${folder}"\n`

  it('sets DHCP in the data folder', () => {
    written(SERVER)
    const { config, origins } = load(DATA())
    expect(config.dhcp).toMatchObject({ mode: 'server', interfaces: ['eth1'] })
    expect(config.address).toBe('10.77.0.1')
    expect(origins['dhcp.mode']).toBe(`${join(folder, 'network.toml')}:2`)
  })

  it('counts for nothing where DHCP is set elsewhere', () => {
    written(SERVER)
    expect(load(`${DATA()}[dhcp]\nmode = "off"\n`).config.dhcp.mode).toBe('off')
    expect(load(DATA(), { flags: { dhcpMode: 'off' } }).config.dhcp.subnet).toBeUndefined()
  })

  it('sets nothing else: root reads what the service may write', () => {
    written(`user = "root"\n${SERVER}`)
    const error = refusal(() => load(DATA()))
    expect(error.code).toBe('INVALID_VALUE')
    expect(error.message).toContain('network.toml:1: only settings of dhcp')
  })
})
