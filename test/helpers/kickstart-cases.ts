// Specs that together use everything a kickstart can hold, for the releases that can have it.
import { KickstartRelease } from '../../server/contract/kickstart-release.ts'
import { MachineSpec } from '../../server/contract/spec.ts'
import type { PartialSpec } from '../../server/contract/spec.ts'
import type { KickstartInput, KickstartServer } from '../../server/kickstart/variables.ts'
import type { Facts } from '../../server/contract/facts.ts'
import { facts } from '../agent/examples.ts'

export interface KickstartCase {
  name: string
  spec: PartialSpec
  /** All, by default. */
  releases?: readonly KickstartRelease[]
  /** What the machine has told; by default it never did. */
  firmware?: 'bios' | 'uefi'
  /** On media that work without a server. */
  offline?: boolean
  /** The repository is not for anybody. */
  isPrivate?: boolean
}

const FEDORA: readonly KickstartRelease[] = ['F41', 'F42', 'F43', 'F44', 'F45']
const WITH_BOOTC: readonly KickstartRelease[] = ['RHEL10', 'F44', 'F45']
const HASH = '$6$saltsaltsalt$N0tArealHash/butOneThatLooksL1ke.it'
const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFakeKeyForTests0000000000000000000000000000 ada@example'
const GIB = 2 ** 30

export const CASES: readonly KickstartCase[] = [
  { name: 'defaults', spec: {} },
  { name: 'plain-uefi', spec: { disks: { disk: { byId: 'nvme-EXAMPLE_1234' } } }, firmware: 'uefi' },
  { name: 'plain-bios', spec: { disks: { filesystem: 'ext4' } }, firmware: 'bios' },
  {
    name: 'plain-volumes',
    spec: {
      disks: {
        rootSize: 20 * GIB,
        volumes: [
          { mount: '/var', size: 8 * GIB, grow: true },
          { mount: '/var/log', size: 2 * GIB, grow: false, filesystem: 'ext4' },
          { mount: 'swap', size: 4 * GIB, grow: false },
        ],
      },
    },
  },
  { name: 'automatic-plain', spec: { disks: { automatic: true } } },
  { name: 'automatic-lvm', spec: { disks: { automatic: true, scheme: 'lvm' } } },
  { name: 'automatic-btrfs', spec: { disks: { automatic: true, scheme: 'btrfs' } }, releases: FEDORA },
  {
    name: 'automatic-encrypted',
    spec: { disks: { automatic: true, encryption: { passphrase: 'correct "horse" #7 $HOME\\', tpm2: false } } },
  },
  {
    name: 'lvm',
    spec: { disks: { scheme: 'lvm', volumes: [{ mount: '/var', size: 8 * GIB, grow: false }] } },
    firmware: 'uefi',
  },
  {
    name: 'lvm-encrypted-tpm2',
    spec: { disks: { scheme: 'lvm', encryption: { passphrase: 'one time only', tpm2: true } } },
  },
  {
    name: 'btrfs',
    spec: {
      disks: {
        scheme: 'btrfs',
        filesystem: 'btrfs',
        volumes: [
          { mount: '/var', size: GIB, grow: false },
          { mount: 'swap', size: GIB, grow: false },
        ],
      },
    },
    releases: FEDORA,
    firmware: 'uefi',
  },
  {
    name: 'raid1-uefi',
    spec: {
      disks: {
        scheme: 'raid1',
        disk: { byPath: 'pci-0000:00:1f.2-ata-1' },
        mirror: { byPath: 'pci-0000:00:1f.2-ata-2' },
      },
    },
  },
  {
    name: 'raid1-bios-encrypted',
    spec: {
      disks: {
        scheme: 'raid1',
        disk: { serial: 'A' },
        mirror: { serial: 'B' },
        encryption: { passphrase: 'long enough', tpm2: false },
      },
    },
  },
  {
    name: 'disk-by-size',
    spec: { disks: { disk: { transport: 'nvme', minSize: 100 * GIB, maxSize: 2000 * GIB, rotational: false } } },
  },
  {
    name: 'static-network',
    spec: {
      hostname: 'web-07.example.com',
      network: [
        {
          macs: ['52:54:00:12:34:56'],
          ipv4: { method: 'static', address: '192.0.2.10/24', gateway: '192.0.2.1' },
          ipv6: { method: 'static', address: '2001:db8::10/64', gateway: '2001:db8::1' },
          nameservers: ['192.0.2.2', '2001:db8::2'],
        },
      ],
    },
  },
  {
    name: 'bond-vlan',
    spec: {
      hostname: 'web-08',
      network: [
        {
          macs: ['52:54:00:12:34:56', '52:54:00:12:34:57'],
          bond: { name: 'bond0', mode: '802.3ad', options: { miimon: '100', lacp_rate: '1' } },
          vlan: 100,
          ipv4: { method: 'static', address: '192.0.2.10/22', gateway: '192.0.2.1' },
          ipv6: { method: 'none' },
          nameservers: [],
        },
        { macs: ['52:54:00:12:34:58'], vlan: 7, ipv4: { method: 'none' }, ipv6: { method: 'dhcp' }, nameservers: [] },
      ],
    },
  },
  {
    name: 'accounts',
    spec: {
      rootPassword: HASH,
      rootSshKeys: [KEY],
      users: [
        { name: 'ada', sshKeys: [KEY], groups: ['wheel', 'video'], password: HASH },
        { name: 'bob', sshKeys: [], groups: [] },
        {
          name: 'app',
          sshKeys: [],
          groups: [],
          uid: 4711,
          gid: 4712,
          comment: 'The "app" #1',
          home: '/var/lib/app',
          shell: '/usr/sbin/nologin',
        },
      ],
      groups: [{ name: 'web', gid: 4712 }, { name: 'ops' }],
    },
  },
  {
    name: 'system',
    spec: {
      timezone: 'Europe/Berlin',
      timeServers: ['ntp1.example.com', 'ntp2.example.com'],
      language: 'de_DE.UTF-8',
      keyboard: 'de',
      selinux: 'permissive',
      firewall: { mode: 'enabled', services: ['ssh', 'cockpit'], ports: ['8080:tcp', '53:udp'] },
      services: { enabled: ['sshd.service', 'podman.socket'], disabled: ['cups.service'] },
      finish: 'poweroff',
    },
  },
  { name: 'firewall-off', spec: { firewall: { mode: 'disabled' } } },
  {
    name: 'registries',
    spec: {
      registry: {
        credentials: [{ registry: 'quay.example:8443/team', username: 'robot$1', password: 'pa"ss\\word' }],
        certificates: [
          { registry: 'quay.example:8443', pem: '-----BEGIN CERTIFICATE-----\nMIIBfake\n-----END CERTIFICATE-----\n' },
        ],
        insecure: ['lab.example:5000'],
      },
    },
  },
  {
    name: 'caches',
    spec: {
      layerCaches: ['http://cache.example:5000', 'https://zot.example/landfall/'],
      registry: {
        mirrors: [{ registry: 'quay.example', mirror: 'lab.example:5000/quay' }],
        insecure: ['lab.example:5000'],
      },
    },
  },
  {
    name: 'private',
    spec: { registry: { credentials: [{ registry: 'quay.example', username: 'me', password: 'pa$$word' }] } },
    isPrivate: true,
  },
  {
    name: 'kernel-arguments',
    spec: { kernelArguments: ['audit=0', 'module.option="x'], consoles: ['tty0', 'ttyS1,115200n8'] },
  },
  {
    name: 'scripts',
    spec: {
      kickstart: { pre: 'echo before\n%end\n%post\n', post: '#!/bin/bash\ncat <<EOF\n%include /etc/passwd\nEOF\n' },
    },
  },
  { name: 'bootc', spec: { engine: 'bootc' }, releases: WITH_BOOTC },
  {
    name: 'bootc-everything',
    spec: { engine: 'bootc', rootSshKeys: [KEY], disks: { encryption: { passphrase: 'long enough', tpm2: false } } },
    releases: WITH_BOOTC,
  },
  {
    name: 'offline',
    spec: {
      rootPassword: HASH,
      disks: { disk: { serial: 'A' }, encryption: { passphrase: 'long enough', tpm2: true } },
      registry: { credentials: [{ registry: 'quay.example', username: 'me', password: 'secret' }] },
    },
    offline: true,
  },
]

const SERVER: KickstartServer = {
  https: 'https://192.0.2.1:8443',
  registry: '192.0.2.1:8443',
  ca: '-----BEGIN CERTIFICATE-----\nMIIBlandfall\n-----END CERTIFICATE-----\n',
  token: 'lfi_SAMPLE',
  now: 1_790_000_000,
}

export function releasesOf({ releases }: KickstartCase): readonly KickstartRelease[] {
  return releases ?? KickstartRelease.options
}

export function inputOf(
  { spec: wanted, firmware, offline = false, isPrivate = false }: KickstartCase,
  release: KickstartRelease,
): KickstartInput {
  const spec = MachineSpec.parse(wanted)
  const reference = '192.0.2.1:8443/os/web:stable'
  const pulled = `192.0.2.1:8443/os/web@sha256:${'a'.repeat(64)}`
  return {
    machine: { name: 'web-07' },
    generation: 3,
    release,
    spec,
    facts: firmware && factsOf(firmware),
    source: offline
      ? { kind: 'oci', path: '/run/install/repo/container', reference }
      : { kind: 'registry', reference, ...(spec.layerCaches.length > 0 && { pulled }) },
    ...(!offline && {
      server: { ...SERVER, ...(isPrivate && { pull: { repository: 'os/web', token: 'lfp_SAMPLE' } }) },
    }),
    bootDevice: offline ? 'link' : 'bootif',
  }
}

function factsOf(firmware: 'bios' | 'uefi'): Facts {
  return { ...facts, firmware, disks: [{ ...facts.disks[0]!, byId: ['nvme-EXAMPLE_1234'] }] }
}
