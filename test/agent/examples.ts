// A machine, a disk and a plan that tests share.
import type { DiskFacts, Facts } from '../../server/contract/facts.ts'
import type { StoragePlan } from '../../server/contract/plan.ts'
import { MachineSpec } from '../../server/contract/spec.ts'
import { planDisks } from '../../server/plan/plan-disks.ts'

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
  partitions: [],
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

/** What is planned for a machine with such disks; by default for one disk that starts by either firmware. */
export function plan(
  change: Partial<DiskFacts> & { device?: string } = {},
  disks: MachineSpec['disks'] = MachineSpec.parse({}).disks,
  others: DiskFacts[] = [],
): StoragePlan {
  const { device, ...own } = change
  const made = planDisks({ disks }, { ...facts, disks: [{ ...disk, ...own }, ...others] }, 'an install')
  if ('code' in made) throw new Error(made.message)
  if (device !== undefined) made.disks[0]!.device = device
  return made
}

/** A second disk of the same kind. */
export const secondDisk: DiskFacts = {
  ...disk,
  name: 'vdb',
  serial: 'S2',
  byId: ['virtio-S2'],
  byPath: ['pci-0000:00:06.0'],
}
