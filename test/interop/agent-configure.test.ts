// What the spec says is written into a deployment's /etc by real programs of images, in the sandbox they run in during an install; then
// systemd's own tools, and those of the services, say what they make of it.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ImageTree } from '../../boot-assets/agent/deployment/tree.ts'
import { AgentError } from '../../boot-assets/agent/errors.ts'
import { configure } from '../../boot-assets/agent/stages/configure.ts'
import type { RunOptions } from '../../boot-assets/agent/sys/command.ts'
import { realHost } from '../../boot-assets/agent/sys/host.ts'
import { runInTree } from '../../boot-assets/agent/sys/sandbox.ts'
import type { SandboxView } from '../../boot-assets/agent/sys/sandbox.ts'
import { debianRoot } from '../../boot-assets/debian/root.ts'
import { MachineSpec } from '../../server/contract/spec.ts'
import { demoRoot } from '../images/demo-root.ts'

/** What the demo image lacks: a firewall and something that sets the clock. */
const PACKAGES = ['systemd', 'passwd', 'chrony', 'firewalld', 'tzdata']
const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFakeFakeFakeFakeFakeFakeFakeFakeFakeFake admin@example'

const SPEC = {
  hostname: 'web1',
  users: [
    {
      name: 'app',
      uid: 4711,
      gid: 4712,
      comment: '100% "app"',
      home: '/var/lib/app',
      shell: '/usr/bin/bash',
      sshKeys: [KEY],
      groups: ['adm'],
      password: '$6$salt$hash',
    },
  ],
  groups: [{ name: 'web', gid: 4712 }, { name: 'ops' }],
  timezone: 'Europe/Rome',
  timeServers: ['ntp.example'],
  language: 'en_US.UTF-8',
  services: {
    enabled: ['systemd-pstore', 'systemd-networkd'],
    disabled: ['fstrim.timer'],
    masked: ['getty@tty1.service'],
  },
  firewall: { mode: 'enabled', services: ['http'], ports: ['8080:tcp'] },
  network: [
    {
      macs: ['52:54:00:00:00:0a', '52:54:00:00:00:0b'],
      bond: { name: 'bond0', mode: '802.3ad', options: { miimon: '100', lacp_rate: 'fast' } },
      ipv4: { method: 'none' },
      ipv6: { method: 'none' },
    },
    {
      macs: ['52:54:00:00:00:0a', '52:54:00:00:00:0b'],
      bond: { name: 'bond0', mode: '802.3ad', options: { miimon: '100', lacp_rate: 'fast' } },
      vlan: 100,
      ipv4: { method: 'static', address: '192.0.2.10/24', gateway: '192.0.2.1' },
      ipv6: { method: 'static', address: '2001:db8::10/64' },
      nameservers: ['192.0.2.53'],
    },
    { macs: ['52:54:00:00:00:0c'], ipv6: { method: 'dhcp' } },
  ],
  files: [
    { path: '/etc/app/app.conf', content: 'a', mode: '0640', user: 'app', group: 'web' },
    { path: '/var/lib/app/later.conf', content: 'b', mode: '0600', user: 'app', group: 'ops' },
  ],
  hooks: { script: 'stat -c %u:%g /var/lib/app/later.conf > /etc/script-saw; echo x > /var/lib/by-script' },
}

const blocked = process.getuid?.() === 0 ? undefined : 'needs root'

/** A deployment as `ostree` leaves it, by its image's root folder. */
class Deployed {
  readonly path: string
  readonly #image: string
  readonly #folder: string

  private constructor(image: string, folder: string) {
    this.#image = image
    this.#folder = folder
    this.path = join(folder, 'target/ostree/deploy/default/deploy/one.0')
  }

  static async make(image: string): Promise<Deployed> {
    const deployed = new Deployed(image, await mkdtemp(join(tmpdir(), 'agent-configure-')))
    for (const folder of [deployed.path, join(deployed.#folder, 'target/boot')])
      await mkdir(folder, { recursive: true })
    execFileSync('cp', ['-a', join(image, 'etc'), deployed.path])
    return deployed
  }

  /** The image's tree, of which the checkout needs a repository that is not what this is about. */
  get tree(): ImageTree {
    const { path, has } = { path: this.#image, has: (name: string) => existsSync(join(this.#image, name)) }
    const tree = {
      path,
      etc: join(this.path, 'etc'),
      has,
      hasProgram: (name: string) => ['usr/bin', 'usr/sbin'].some((folder) => has(`${folder}/${name}`)),
      inSandbox: (file: string) => join('/sysroot', relative(join(this.#folder, 'target'), file)),
      list: async (name: string) => (await readdir(join(path, name)).catch(() => [])).sort(),
      read: (name: string) => readFile(join(path, name), 'utf8').catch(() => undefined),
      run: (command: string, args: readonly string[], options: RunOptions & SandboxView = {}) =>
        this.#run(command, args, options),
    }
    return tree as unknown as ImageTree
  }

  async configure(spec: object): Promise<void> {
    await configure({
      target: join(this.#folder, 'target'),
      installId: '01890000-0000-7000-8000-000000000003',
      targetReference: '192.0.2.1:8443/os/web:1',
      deployment: { path: this.path, kernelArguments: [] },
      tree: this.tree,
      spec: MachineSpec.parse(spec),
      confirmation: undefined,
      enforcement: undefined,
      files: [],
      storageFiles: [],
      say: () => {},
      warn: () => {},
    })
  }

  /** What a program of the image prints. */
  async says(command: string, ...args: string[]): Promise<string> {
    return (await this.#run(command, args)).stdout.trim()
  }

  read(path: string): Promise<string> {
    return readFile(join(this.path, 'etc', path), 'utf8')
  }

  remove(): Promise<void> {
    return rm(this.#folder, { recursive: true, maxRetries: 3 })
  }

  #run(command: string, args: readonly string[], options: RunOptions & SandboxView = {}) {
    const etc = join(this.path, 'etc')
    const places = { tree: this.#image, target: join(this.#folder, 'target'), stage: join(this.#folder, 'stage') }
    const view = options.state === undefined ? {} : { state: options.state }
    return runInTree(realHost, { ...places, etc, ...view }, command, args, options)
  }
}

describe.skipIf(blocked !== undefined)(
  `agent-configure${blocked === undefined ? '' : ` (skipped: ${blocked})`}`,
  () => {
    let image: string
    let deployed: Deployed
    beforeAll(async () => {
      const hooks = ['mkdir "$1/sysroot"']
      image = await debianRoot({ suite: 'forky', variant: 'essential', packages: PACKAGES, hooks })
      deployed = await Deployed.make(image)
      await deployed.configure(SPEC)
    }, 600_000)
    afterAll(() => deployed?.remove())

    it('sets clock, zone and language', async () => {
      expect(await readlink(join(deployed.path, 'etc/localtime'))).toBe('../usr/share/zoneinfo/Europe/Rome')
      expect(await deployed.says('date', '--date=2026-07-01T12:00:00Z', '+%H %Z')).toBe('14 CEST')
      expect(await deployed.read('locale.conf')).toContain('LANG=en_US.UTF-8\n')
      expect(await deployed.says('chronyd', '-p')).toContain('sourcedir /etc/chrony/sources.d')
      expect(await deployed.read('chrony/sources.d/landfall.sources')).toBe('server ntp.example iburst\n')
    })

    it('makes groups and users as systemd understands them', async () => {
      await deployed.says('systemd-sysusers')
      expect(await deployed.says('getent', 'passwd', 'app')).toBe(
        'app:x:4711:4712:100% "app":/var/lib/app:/usr/bin/bash',
      )
      expect(await deployed.says('getent', 'group', 'web', 'ops', 'adm')).toMatch(
        /^web:x:4712:\nops:x:\d+:\nadm:x:4:app$/,
      )
      expect(await deployed.says('getent', 'shadow', 'app')).toMatch(/^app:\$6\$salt\$hash:/)
      const create = 'systemd-tmpfiles --create /etc/tmpfiles.d/landfall-users.conf'
      const look = 'stat -c "%a %u %g" /var/lib/app /var/lib/app/.ssh && cat /var/lib/app/.ssh/authorized_keys'
      expect(await deployed.says('sh', '-c', `${create} && ${look}`)).toBe(`700 4711 4712\n700 4711 4712\n${KEY}`)
    })

    it('switches units so that the presets of a first boot leave them', async () => {
      const states = () =>
        deployed.says('sh', '-c', `for unit in ${UNITS}; do systemctl --root=/ is-enabled $unit; done; true`)
      const UNITS = 'systemd-pstore.service fstrim.timer getty@tty1.service firewalld.service'
      expect(await states()).toBe('enabled\ndisabled\nmasked\nenabled')
      const presets = [
        'preset',
        '--preset-mode=enable-only',
        'systemd-pstore.service',
        'fstrim.timer',
        'firewalld.service',
      ]
      await deployed.says('systemctl', '--root=/', ...presets)
      expect(await states()).toBe('enabled\ndisabled\nmasked\nenabled')
    })

    it('opens the firewall', async () => {
      expect(await deployed.says('firewall-offline-cmd', '--zone=public', '--list-services')).toMatch(/\bhttp\b/)
      expect(await deployed.says('firewall-offline-cmd', '--zone=public', '--list-ports')).toBe('8080/tcp')
    })

    it('describes the network for the service that was enabled', async () => {
      expect((await readdir(join(deployed.path, 'etc/systemd/network'))).toSorted()).toEqual([
        '10-landfall-52540000000a.network',
        '10-landfall-52540000000b.network',
        '10-landfall-52540000000c.network',
        '10-landfall-bond0.100.netdev',
        '10-landfall-bond0.100.network',
        '10-landfall-bond0.netdev',
        '10-landfall-bond0.network',
      ])
    })

    it('gives files to owners that there are, and to others at the first boot', async () => {
      const look = (path: string) => stat(path).then(({ mode, uid, gid }) => [(mode & 0o777).toString(8), uid, gid])
      expect(await look(join(deployed.path, 'etc/app/app.conf'))).toEqual(['640', 4711, 4712])
      expect(await look(join(deployed.path, '../../var/lib/app/later.conf'))).toEqual(['600', 4711, 0])
      expect(await deployed.read('tmpfiles.d/landfall-owners.conf')).toBe(
        'z /var/lib/app/later.conf 0600 app ops - -\n',
      )
      const check = 'systemd-sysusers && systemd-tmpfiles --create --dry-run /etc/tmpfiles.d/landfall-owners.conf'
      await deployed.says('sh', '-c', check)
    })

    it("runs the site's script with the /var of the machine", async () => {
      expect(await deployed.read('script-saw')).toBe('4711:0\n')
      expect(await readFile(join(deployed.path, '../../var/lib/by-script'), 'utf8')).toBe('x\n')
    })

    it('gives the same a second time', async () => {
      const again = await Deployed.make(image)
      try {
        for (const _ of [1, 2]) await again.configure(SPEC)
        expect(await again.read('sysusers.d/landfall-users.conf')).toBe(
          await deployed.read('sysusers.d/landfall-users.conf'),
        )
        expect((await again.read('shadow')).match(/^app:/gm)).toHaveLength(1)
      } finally {
        await again.remove()
      }
    })

    it.each([
      ['a unit that is not there', { services: { enabled: ['nginx'] } }, /the image has no unit nginx\.service/],
      ['a unit nothing starts', { services: { enabled: ['tmp.mount'] } }, /tmp\.mount cannot be enabled/],
      ['sudo', { users: [{ name: 'ada', sudo: 'password' }] }, /sudo is asked for, and the image has none/],
      ['cloud-init', { cloudInit: { userData: '#cloud-config\n' } }, /the image has no cloud-init/],
      ['a file in the image', { files: [{ path: '/opt/a', content: '' }] }, /\/opt\/a lies in the image/],
      ['a zone that is not there', { timezone: 'Europe/Atlantis' }, /no time zone Europe\/Atlantis/],
      [
        'a service of the firewall',
        { firewall: { mode: 'enabled', services: ['nonsense'] } },
        /INVALID_SERVICE.*'nonsense'/,
      ],
      ['a shell that is not there', { users: [{ name: 'ada', shell: '/bin/zsh' }] }, /no program \/bin\/zsh/],
      ['the uid of another', { users: [{ name: 'ada', uid: 33 }] }, /uid 33 belongs to user www-data/],
      ['SELinux', { selinux: 'enforcing' }, /no \/etc\/selinux\/config/],
      [
        'servers for a clock nobody sets',
        { timeServers: ['a'], services: { disabled: ['chrony'] } },
        /neither chrony nor/,
      ],
    ])('refuses %s, in words', async (_, spec, message) => {
      const other = await Deployed.make(image)
      try {
        const refused = other.configure(spec)
        await expect(refused).rejects.toThrowWithCode(AgentError, 'CONFIGURE_FAILED')
        await expect(refused).rejects.toThrow(message)
      } finally {
        await other.remove()
      }
    })

    it('configures the demo image', async () => {
      const demo = await Deployed.make(await demoRoot(() => {}))
      try {
        const users = [{ name: 'ada', uid: 1815 }]
        await demo.configure({ timezone: 'Europe/Rome', services: { masked: ['fstrim.timer'] }, users })
        expect(await demo.says('date', '--date=2026-07-01T12:00:00Z', '+%H %Z')).toBe('14 CEST')
        expect(await readlink(join(demo.path, 'etc/systemd/system/fstrim.timer'))).toBe('/dev/null')
        expect(await demo.read('sysusers.d/landfall-users.conf')).toBe('u ada 1815 "ada" /var/home/ada /bin/bash\n')
      } finally {
        await demo.remove()
      }
    })

    it.each([
      ['time servers', { timeServers: ['ntp.example'] }, /neither chrony nor systemd-timesyncd/],
      ['a firewall', { firewall: { mode: 'enabled' } }, /no firewall-offline-cmd/],
    ])('refuses %s in the demo image, which has nothing for it', async (_, spec, message) => {
      const demo = await Deployed.make(await demoRoot(() => {}))
      try {
        const before = await readdir(join(demo.path, 'etc'), { recursive: true })
        await expect(demo.configure(spec)).rejects.toThrow(message)
        expect(await readdir(join(demo.path, 'etc'), { recursive: true })).toEqual(before)
      } finally {
        await demo.remove()
      }
    })
  },
)
