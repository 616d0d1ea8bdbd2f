import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { withDefaults } from '../../../server/config/defaults.ts'
import { ConfigInput } from '../../../server/config/schema.ts'
import { loadTemplates } from '../../../server/render/templates.ts'
import { socketUnits, unitFiles } from '../../../server/systemd/units.ts'
import type { UnitOptions } from '../../../server/systemd/units.ts'

const host = {
  name: 'h',
  isRoot: true,
  home: '/root',
  isTerminal: false,
  interfaces: [],
  addressOf: () => '10.77.0.1',
  addressOf6: () => 'fd00:77::1',
  hasIpv6: false,
}
const templates = await loadTemplates(join(import.meta.dirname, '../../../templates'))

const configOf = (input: object) => withDefaults(ConfigInput.parse(input), host)
const SERVER = { http: { port: 80 }, dhcp: { mode: 'server', interface: 'eth1' } }

function units(input: object, options: Partial<UnitOptions> = {}) {
  const files = unitFiles(templates, {
    config: configOf(input),
    configFile: '/etc/landfall/landfall.toml',
    user: 'landfall',
    command: [process.execPath, '/opt/landfall/server/cli/landfall.js', 'serve'],
    lowPorts: true,
    ...options,
  })
  return new Map(files.map(({ path, text }) => [path, text]))
}

const serviceOf = (input: object, options?: Partial<UnitOptions>) =>
  units(input, options).get('/etc/systemd/system/landfall.service')!

describe('unitFiles', () => {
  it('are a service, a socket for each listener, and a user', async () => {
    const text = [...units(SERVER, { command: ['/opt/landfall/node', 'serve'] })]
      .map(([path, content]) => `# ${path}\n${content}`)
      .join('\n')
    await expect(text).toMatchFileSnapshot(join(import.meta.dirname, 'expected/server.txt'))
  })

  it('leave out what is switched off; a port of one address does not wait for it', () => {
    const input = { http: { host: '192.0.2.1' }, tftp: { enabled: true } }
    expect(socketUnits(configOf(input))).toEqual([
      'landfall-http.socket',
      'landfall-https.socket',
      'landfall-tftp.socket',
    ])
    const http = units(input).get('/etc/systemd/system/landfall-http.socket')
    expect(http).toMatch(/^ListenStream=192\.0\.2\.1:8080$/m)
    expect(http).toMatch(/^FreeBind=yes$/m)
  })

  it('are three for each further interface', () => {
    const input = { ...SERVER, dhcp: { ...SERVER.dhcp, interfaces: ['eth2'] } }
    expect(socketUnits(configOf(input))).toEqual([
      'landfall-http.socket',
      'landfall-https.socket',
      'landfall-tftp.socket',
      'landfall-tftp-eth2.socket',
      'landfall-dhcp-eth1.socket',
      'landfall-pxe-eth1.socket',
      'landfall-dhcp-eth2.socket',
      'landfall-pxe-eth2.socket',
    ])
    const tftp = units(input).get('/etc/systemd/system/landfall-tftp-eth2.socket')
    expect(tftp).toMatch(/^ListenDatagram=0\.0\.0\.0:69$/m)
    expect(tftp).toMatch(/^BindToDevice=eth2$/m)
  })

  it('open no low ports where none are wanted', () => {
    const service = serviceOf({}, { lowPorts: false })
    expect(service).toMatch(/^AmbientCapabilities=$/m)
    expect(service).toMatch(/^CapabilityBoundingSet=$/m)
  })

  it('let the service reach data and program where they are', () => {
    expect(serviceOf({ dataDir: '/srv/landfall' })).toMatch(/^ReadWritePaths=\/srv\/landfall$/m)
    expect(serviceOf({ dataDir: '/srv/landfall' })).not.toMatch(/^StateDirectory=/m)
    expect(serviceOf({})).toMatch(/^ProtectHome=yes$/m)
    expect(serviceOf({}, { command: ['/home/alice/landfall/node', 'serve'] })).toMatch(/^ProtectHome=read-only$/m)
  })

  it.each([
    ['a blank', { dataDir: '/srv/land fall' }],
    ['a specifier', { dataDir: '/srv/%h' }],
    ['a line', { dataDir: '/srv/x\nExecStartPre=/bin/evil' }],
    ['an interface with a quote', { dhcp: { mode: 'proxy', interface: 'a"b' } }],
  ])('refuse %s, which systemd would take apart', (_, input) => {
    expect(() => units(input)).toThrow(expect.objectContaining({ code: 'VALUE_UNSAFE' }))
  })
})

describe.skipIf(!existsSync('/usr/bin/systemd-analyze'))('systemd-analyze', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'landfall-units-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  function analyze(command: readonly string[], only: RegExp): string {
    const paths: string[] = []
    for (const [path, text] of units(SERVER)) {
      const file = join(folder, basename(path))
      writeFileSync(file, text)
      if (only.test(file)) paths.push(file)
    }
    return execFileSync('systemd-analyze', [...command, ...paths], { encoding: 'utf8', stdio: 'pipe' })
  }

  it('finds nothing to say against the units', () => {
    expect(analyze(['verify', '--man=no'], /\.(service|socket)$/)).toBe('')
  })

  it('rates the exposure of the service 1.6 of 10 at most', () => {
    const rating = analyze(['security', '--offline=true', '--no-pager', '--threshold=16'], /landfall\.service$/)
    expect(rating).toMatch(/Overall exposure level for landfall\.service: 1\.\d OK/)
  })
})
