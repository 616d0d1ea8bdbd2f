import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { applyBlueprint } from '../../../server/blueprint/apply.ts'
import { sha512Crypt } from '../../../server/blueprint/crypt.ts'
import { BlueprintError } from '../../../server/blueprint/errors.ts'
import type { BlueprintTarget } from '../../../server/blueprint/outcome.ts'
import { readBlueprint } from '../../../server/blueprint/read.ts'
import { PartialSpec } from '../../../server/contract/spec.ts'

const MIB = 2 ** 20
const GIB = 2 ** 30
const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA me@example'
const HASH = '$6$salt$hash'

function applied(customizations: object, target: BlueprintTarget) {
  const { notApplied, ...rest } = applyBlueprint(readBlueprint(JSON.stringify({ customizations }), 'json'), target)
  return { ...rest, skipped: notApplied.map(({ key }) => key.replace(/^customizations\./, '')) }
}

interface Case {
  customizations: object
  /** On a machine; and on a disk image, where that differs. */
  spec?: PartialSpec
  diskSpec?: PartialSpec
  skipped?: string[]
  diskSkipped?: string[]
  /** Beside the spec of a disk image; of a machine, they are in its spec. */
  files?: [path: string, text: string, mode: number][]
  minRootSize?: number
  minDiskSize?: number
}

const CASES: Record<string, Case> = {
  hostname: { customizations: { hostname: 'web-01' }, spec: { hostname: 'web-01' } },
  'kernel arguments': {
    customizations: { kernel: { append: ' quiet  console=ttyS0,115200 ', name: 'kernel-rt' } },
    spec: { kernelArguments: ['quiet', 'console=ttyS0,115200'] },
    skipped: ['kernel.name'],
  },
  fips: { customizations: { fips: true, kernel: { append: 'a' } }, spec: { kernelArguments: ['a', 'fips=1'] } },
  'fips switched off': { customizations: { fips: false }, spec: {} },
  users: {
    customizations: {
      user: [
        { name: 'ada', key: `# laptop\n${KEY}\n\n${KEY}2\n`, groups: ['wheel'], password: HASH },
        { name: 'root', password: HASH, key: KEY },
        { name: 'bob', password: '' },
      ],
      sshkey: [
        { user: 'ada', key: KEY },
        { user: 'root', key: KEY },
        { user: 'eve', key: KEY },
      ],
    },
    spec: {
      users: [
        { name: 'ada', sshKeys: [KEY, `${KEY}2`, KEY], groups: ['wheel'], password: HASH },
        { name: 'bob', sshKeys: [], groups: [] },
        { name: 'eve', sshKeys: [KEY], groups: [] },
      ],
      rootPassword: HASH,
      rootSshKeys: [KEY, KEY],
    },
  },
  'all of a user': {
    customizations: {
      user: [
        {
          name: 'ada',
          description: 'Ada, "the first"',
          home: '/var/lib/ada',
          shell: '/bin/zsh',
          uid: 1815,
          gid: 1852,
          expiredate: 1,
          force_password_reset: true,
        },
      ],
    },
    spec: {
      users: [
        {
          name: 'ada',
          sshKeys: [],
          groups: [],
          comment: 'Ada, "the first"',
          home: '/var/lib/ada',
          shell: '/bin/zsh',
          uid: 1815,
          gid: 1852,
        },
      ],
    },
    skipped: ['user[0].expiredate', 'user[0].force_password_reset'],
  },
  'what of root is the image’s': {
    customizations: { user: [{ name: 'root', groups: ['wheel'], description: 'x', home: '/x', shell: '/bin/zsh' }] },
    spec: {},
    skipped: ['user[0].groups', 'user[0].description', 'user[0].home', 'user[0].shell'],
  },
  groups: {
    customizations: { group: [{ name: 'app', gid: 800 }, { name: 'ops' }] },
    spec: { groups: [{ name: 'app', gid: 800 }, { name: 'ops' }] },
  },
  'time and language': {
    customizations: {
      timezone: { timezone: 'Europe/Rome', ntpservers: ['pool.example'] },
      locale: { languages: ['it_IT.UTF-8', 'de_DE.UTF-8'], keyboard: 'it' },
    },
    spec: { timezone: 'Europe/Rome', timeServers: ['pool.example'], language: 'it_IT.UTF-8', keyboard: 'it' },
    skipped: ['locale.languages[1]'],
  },
  firewall: {
    customizations: {
      firewall: { ports: ['8080:tcp'], services: { enabled: ['http'], disabled: ['ssh'] }, zones: [{ name: 'x' }] },
    },
    spec: { firewall: { mode: 'enabled', ports: ['8080:tcp'], services: ['http'] } },
    skipped: ['firewall.zones', 'firewall.services.disabled'],
  },
  services: {
    customizations: { services: { enabled: ['a.service'], disabled: ['b.service'], masked: ['c.service'] } },
    spec: { services: { enabled: ['a.service'], disabled: ['b.service'], masked: ['c.service'] } },
  },
  filesystem: {
    customizations: {
      filesystem: [
        { mountpoint: '/', minsize: '12 GiB' },
        { mountpoint: '/boot', minsize: '2 GiB' },
        { mountpoint: '/var/data', size: GIB },
      ],
    },
    spec: { disks: { bootSize: 2 * GIB, volumes: [{ mount: '/var/data', size: GIB, grow: false }] } },
    diskSpec: { disks: { bootSize: 2 * GIB } },
    skipped: ['filesystem[0].minsize'],
    diskSkipped: ['filesystem[2]'],
    minRootSize: 12 * GIB,
  },
  'plain partitions': {
    customizations: {
      disk: {
        type: 'dos',
        minsize: '20 GiB',
        start_offset: MIB,
        sector_size: 4096,
        partitions: [
          {
            mountpoint: '/',
            minsize: '5 GiB',
            fs_type: 'ext4',
            label: 'r',
            part_type: 'x',
            part_label: 'y',
            part_uuid: 'z',
          },
          { type: 'plain', mountpoint: '/boot', minsize: '600 MiB', fs_type: 'xfs' },
          { mountpoint: '/boot/efi', minsize: '300 MiB', fs_type: 'vfat' },
          { fs_type: 'swap', minsize: '1 GiB' },
          { mountpoint: '/var', minsize: '1 GiB', fs_type: 'xfs' },
        ],
      },
    },
    spec: {
      disks: {
        filesystem: 'ext4',
        bootSize: 600 * MIB,
        espSize: 300 * MIB,
        volumes: [
          { mount: 'swap', size: GIB, grow: false },
          { mount: '/var', size: GIB, grow: false, filesystem: 'xfs' },
        ],
      },
    },
    diskSpec: { disks: { filesystem: 'ext4', bootSize: 600 * MIB, espSize: 300 * MIB } },
    skipped: [
      'disk.type',
      'disk.start_offset',
      'disk.sector_size',
      'disk.minsize',
      'disk.partitions[0].part_type',
      'disk.partitions[0].part_label',
      'disk.partitions[0].part_uuid',
      'disk.partitions[0].label',
      'disk.partitions[0].minsize',
      'disk.partitions[1].fs_type',
    ],
    diskSkipped: [
      'disk.type',
      'disk.start_offset',
      'disk.sector_size',
      'disk.partitions[0].part_type',
      'disk.partitions[0].part_label',
      'disk.partitions[0].part_uuid',
      'disk.partitions[0].label',
      'disk.partitions[1].fs_type',
      'disk.partitions[3]',
      'disk.partitions[4]',
    ],
    minRootSize: 5 * GIB,
    minDiskSize: 20 * GIB,
  },
  LVM: {
    customizations: {
      disk: {
        partitions: [
          {
            type: 'lvm',
            name: 'vg',
            minsize: '9 GiB',
            logical_volumes: [
              { name: 'root', mountpoint: '/', fs_type: 'xfs' },
              { mountpoint: '/var', minsize: GIB },
            ],
          },
        ],
      },
    },
    spec: { disks: { scheme: 'lvm', filesystem: 'xfs', volumes: [{ mount: '/var', size: GIB, grow: false }] } },
    diskSpec: { disks: { filesystem: 'xfs' } },
    skipped: ['disk.partitions[0].name', 'disk.partitions[0].logical_volumes[0].name'],
    diskSkipped: [
      'disk.partitions[0].name',
      'disk.partitions[0].logical_volumes[0].name',
      'disk.partitions[0].type',
      'disk.partitions[0].logical_volumes[1]',
    ],
  },
  Btrfs: {
    customizations: {
      disk: {
        partitions: [
          {
            type: 'btrfs',
            minsize: '9 GiB',
            subvolumes: [
              { name: 'root', mountpoint: '/' },
              { name: 'var', mountpoint: '/var' },
            ],
          },
        ],
      },
    },
    spec: { disks: { scheme: 'btrfs', filesystem: 'btrfs' } },
    diskSpec: { disks: { filesystem: 'btrfs' } },
    skipped: ['disk.partitions[0].minsize', 'disk.partitions[0].subvolumes[1]'],
    diskSkipped: ['disk.partitions[0].subvolumes[1]', 'disk.partitions[0].type'],
    minRootSize: 9 * GIB,
  },
  'files and directories': {
    customizations: {
      files: [
        { path: '/etc/motd', data: 'hello\n', mode: '0640', user: 'root', group: 0 },
        { path: '/etc/app.conf', data: 'x', user: 'app' },
        { path: '/root/%h "x"', data: '' },
        { path: '/etc/fetched', uri: 'https://example.com/x' },
      ],
      directories: [{ path: '/etc/app.d', mode: '0750', user: 'app', group: 100, ensure_parents: true }],
    },
    spec: {},
    skipped: ['files[3].uri'],
    files: [
      ['/etc/motd', 'hello\n', 0o640],
      [
        '/etc/tmpfiles.d/landfall-files.conf',
        'd /etc/app.d 0750 app 100 -\nf~ /etc/app.conf 0644 app root - eA==\nf~ "/root/%%h \\"x\\"" 0644 root root - \n',
        0o600,
      ],
    ],
  },
  sshd: {
    customizations: {
      sshd: {
        password_authentication: false,
        client_alive_interval: 60,
        permit_root_login: 'prohibit-password',
        kbd_interactive_authentication: true,
      },
    },
    spec: {},
    diskSkipped: [],
    files: [
      [
        '/etc/ssh/sshd_config.d/10-landfall.conf',
        'PasswordAuthentication no\nClientAliveInterval 60\nPermitRootLogin prohibit-password\nKbdInteractiveAuthentication yes\n',
        0o600,
      ],
    ],
  },
  'what is for media or comes with the image': {
    customizations: {
      installer: {
        unattended: true,
        kickstart: { contents: 'x' },
        modules: { enable: ['a'], disable: ['b'] },
        'sudo-nopasswd': ['x'],
      },
      iso: { volume_id: 'A', application_id: 'B', publisher: 'C' },
      ignition: { embedded: { config: 'x' }, firstboot: { url: 'x' } },
      bootloader: { grub2: { 'menu-timeout': 1 } },
      payload: { flatpaks: { force: [] } },
      partitioning_mode: 'raw',
      fdo: {},
      openscap: {},
      repositories: [],
      rpm: {},
      rhsm: {},
      cacerts: {},
      dnf: {},
      firstboot: {},
      'containers-storage': {},
      installation_device: '/dev/sda',
    },
    spec: {},
    skipped: [
      'installer',
      'iso',
      'ignition',
      'bootloader',
      'payload',
      'partitioning_mode',
      'fdo',
      'openscap',
      'repositories',
      'rpm',
      'rhsm',
      'cacerts',
      'dnf',
      'firstboot',
      'containers-storage',
      'installation_device',
    ],
  },
}

describe('applyBlueprint', () => {
  it.each(Object.entries(CASES))('applies %s to a machine', (_, wanted) => {
    const { customizations, spec = {}, skipped = [], files = [] } = wanted
    const result = applied(customizations, 'machine')
    const ofSpec = files.map(([path, content, mode]) => ({
      path,
      content,
      encoding: 'text',
      mode: mode.toString(8).padStart(4, '0'),
      user: 'root',
      group: 'root',
      secret: mode === 0o600,
    }))
    const all = { ...spec, ...(ofSpec.length > 0 && { files: ofSpec }) }
    expect(result).toEqual({ spec: all, files: [], minRootSize: 0, minDiskSize: 0, skipped })
  })

  it.each(Object.entries(CASES))('applies %s to a disk image', (_, wanted) => {
    const { customizations, spec = {}, diskSpec = spec, skipped = [], diskSkipped = skipped } = wanted
    const { files = [], minRootSize = 0, minDiskSize = 0 } = wanted
    expect(applied(customizations, 'disk-image')).toEqual({
      spec: diskSpec,
      files: files.map(([path, text, mode]) => ({ path, text, mode })),
      minRootSize,
      minDiskSize,
      skipped: diskSkipped,
    })
  })

  it('skips what belongs into the image, and takes remarks without a word', () => {
    const source = {
      name: 'x',
      description: 'y',
      version: '1',
      distro: 'fedora-43',
      architecture: 'x86_64',
      packages: [{ name: 'vim' }],
      modules: [],
      enabled_modules: [{ name: 'a', stream: 'b' }],
      groups: [{ name: 'core' }],
      containers: [{ source: 'quay.io/x/y', 'tls-verify': true }],
    }
    const { notApplied } = applyBlueprint(readBlueprint(JSON.stringify(source), 'json'), 'machine')
    expect(notApplied.map(({ key }) => key)).toEqual([
      'distro',
      'architecture',
      'packages',
      'enabled_modules',
      'groups',
      'containers',
    ])
  })

  it('hashes plain passwords', () => {
    const user = [{ name: 'ada', password: 'secret' }]
    const password = applied({ user }, 'machine').spec.users?.[0]?.password
    expect(password).toBe(sha512Crypt('secret', password?.split('$')[2]))
  })

  it.each([
    [
      'a mount point of the image',
      { filesystem: [{ mountpoint: '/opt', minsize: GIB }] },
      /filesystem\[0\]: must be swap, \/var/,
    ],
    ['a tiny /boot', { filesystem: [{ mountpoint: '/boot', minsize: 1 }] }, /filesystem\[0\]: /],
    [
      'an unknown file system',
      { disk: { partitions: [{ mountpoint: '/', fs_type: 'zfs' }] } },
      /partitions\[0\]\.fs_type: /,
    ],
    [
      'a partition that is mounted nowhere',
      { disk: { partitions: [{ minsize: 1 }] } },
      /partitions\[0\]\.mountpoint: is needed/,
    ],
    [
      'a mounted volume group',
      { disk: { partitions: [{ type: 'lvm', mountpoint: '/' }] } },
      /partitions\[0\]\.mountpoint: has no meaning/,
    ],
    ['quotes on the kernel command line', { kernel: { append: 'a="b c"' } }, /kernel\.append: a="b is not/],
    ['a home that is no path', { user: [{ name: 'ada', home: 'x y' }] }, /user\[0\]\.home: must be an absolute path/],
    ['a user with the id of root', { user: [{ name: 'ada', uid: 0 }] }, /user\[0\]\.uid: /],
    ['a range of ports', { firewall: { ports: ['80-90:tcp'] } }, /firewall\.ports\.0: must be like 8080:tcp/],
  ])('refuses %s', (_, customizations, message) => {
    expect(() => applied(customizations, 'machine')).toThrowWithCode(BlueprintError, 'INVALID_VALUE')
    expect(() => applied(customizations, 'machine')).toThrow(message)
  })

  it('makes a valid spec of whatever it accepts, with a reason for every key it skips', () => {
    const names = fc.constantFrom('ada', 'root', 'bob')
    const size = fc.integer({ min: 0, max: 2 ** 40 })
    const customizations = fc.record(
      {
        user: fc.array(fc.record({ name: names, groups: fc.array(names), uid: fc.nat() })),
        filesystem: fc.array(
          fc.record({ mountpoint: fc.constantFrom('/', '/boot', '/var/x', '/var', '/srv'), minsize: size }),
        ),
        services: fc.record({ enabled: fc.array(fc.string()) }),
        firewall: fc.record({ services: fc.record({ enabled: fc.array(fc.string()) }) }),
        kernel: fc.record({ append: fc.string() }),
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(customizations, fc.constantFrom('machine', 'disk-image'), (value, target) => {
        try {
          const { spec, notApplied } = applyBlueprint(
            readBlueprint(JSON.stringify({ customizations: value }), 'json'),
            target,
          )
          expect(PartialSpec.parse(spec)).toEqual(spec)
          expect(notApplied.every(({ reason }) => reason !== '')).toBe(true)
        } catch (error) {
          if (!(error instanceof BlueprintError)) throw error
        }
      }),
    )
  })
})
