// A machine, a disk and a plan that tests share.
import type { DiskFacts, Facts } from '../../server/contract/facts.ts'
import type { DiskPlan } from '../../server/contract/plan.ts'

const MIB = 2 ** 20

export const disk: DiskFacts = {
  name: 'vda',
  size: 20_480 * MIB,
  model: 'Example SSD 9000',
  vendor: 'ACME',
  serial: 'S1',
  transport: 'virtio',
  rotational: false,
  removable: false,
  readOnly: false,
  logicalBlockSize: 512,
  physicalBlockSize: 4096,
  byId: ['virtio-S1'],
  byPath: ['pci-0000:00:05.0'],
  signatures: ['gpt', 'ext4'],
}

export const facts: Facts = {
  collectedAt: '2026-01-31T12:00:00.000Z',
  architecture: 'amd64',
  firmware: 'uefi',
  secureBoot: false,
  smbios: { uuid: '0a1b2c3d-0000-4000-8000-000000000001', vendor: 'ACME', product: 'Rack 1', serial: 'R1-0001' },
  cpu: { model: 'Example CPU', sockets: 1, cores: 2, threads: 4 },
  memoryBytes: 4 * 2 ** 30,
  nics: [
    {
      name: 'eth0',
      mac: '52:54:00:12:34:56',
      driver: 'virtio_net',
      link: true,
      addresses: ['192.0.2.10/24'],
      boot: true,
    },
  ],
  disks: [disk],
  installer: { kernel: '6.12.0', version: '0.1.0' },
}

/** The layout of a machine that starts by either firmware. */
export function plan(
  change: { name?: string; size?: number; device?: string; logicalBlockSize?: number } = {},
): DiskPlan {
  const { device = '/dev/disk/by-id/virtio-S1', ...own } = change
  const target = { ...disk, ...own }
  const root = target.size - 514 * MIB - 1024 * MIB - MIB
  return {
    disk: target,
    device,
    firmware: 'uefi',
    partitions: [
      {
        number: 1,
        name: 'BIOS-BOOT',
        role: 'bios-boot',
        typeGuid: '21686148-6449-6E6F-744E-656564454649',
        start: MIB,
        size: MIB,
      },
      {
        number: 2,
        name: 'EFI-SYSTEM',
        role: 'esp',
        typeGuid: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B',
        start: 2 * MIB,
        size: 512 * MIB,
        filesystem: 'vfat',
        mountPoint: '/boot/efi',
      },
      {
        number: 3,
        name: 'boot',
        role: 'boot',
        typeGuid: '0FC63DAF-8483-4772-8E79-3D69D8477DE4',
        start: 514 * MIB,
        size: 1024 * MIB,
        filesystem: 'ext4',
        mountPoint: '/boot',
      },
      {
        number: 4,
        name: 'root',
        role: 'root',
        typeGuid: '4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709',
        start: 1538 * MIB,
        size: root,
        filesystem: 'xfs',
        mountPoint: '/',
      },
    ],
    warnings: [`everything on ${target.name} will be lost`],
  }
}
