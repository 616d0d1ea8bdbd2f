import { describe, expect, it } from 'vitest'
import { FactDifference } from '../../../server/contract/fact-change.ts'
import type { DiskFacts, Facts } from '../../../server/contract/facts.ts'
import { compareFacts } from '../../../server/core/compare-facts.ts'
import { facts, MAC, nic } from '../../helpers/store-fakes.ts'

const MAC_2 = '52:54:00:aa:bb:cc'

function disk(serial: string | undefined, change: Partial<DiskFacts> = {}): DiskFacts {
  return {
    name: 'sda',
    size: 960_197_124_096,
    model: 'SAMSUNG PM893',
    ...(serial !== undefined && { serial }),
    transport: 'sata',
    rotational: false,
    removable: false,
    readOnly: false,
    logicalBlockSize: 512,
    physicalBlockSize: 4096,
    byId: [],
    byPath: ['pci-0000:00:17.0-ata-1'],
    signatures: [],
    partitions: [],
    ...change,
  }
}

const before = facts({
  disks: [disk('A'), disk('B', { name: 'sdb', byPath: ['pci-0000:00:17.0-ata-2'] })],
  nics: [nic(MAC, true), nic(MAC_2)],
  smbios: { ...facts().smbios, biosVersion: '1.6.5' },
  tpm: '2.0',
})

function told(change: Partial<Facts>): string[] {
  const differences = compareFacts(before, { ...before, ...change })
  for (const one of differences) FactDifference.parse(one)
  return differences.map(({ message }) => message)
}

describe('facts that differ', () => {
  it.each<[string, Partial<Facts>, string[]]>([
    ['a disk that vanished', { disks: [disk('A')] }, ['a disk vanished: serial B, SAMSUNG PM893 960 GB']],
    [
      'a disk that was exchanged in its place',
      { disks: [disk('C'), before.disks[1]!] },
      ['a disk vanished: serial A, SAMSUNG PM893 960 GB', 'a disk appeared: serial C, SAMSUNG PM893 960 GB'],
    ],
    [
      'a disk of another size',
      { disks: [disk('A', { size: 480e9 }), before.disks[1]!] },
      ['the size of disk serial A changed from 960 GB to 480 GB'],
    ],
    ['memory that shrank', { memoryBytes: 96 * 2 ** 30 }, ['memory shrank from 128 GiB to 96 GiB']],
    ['one module of sixteen', { memoryBytes: 120 * 2 ** 30 }, ['memory shrank from 128 GiB to 120 GiB']],
    [
      'a swapped NIC',
      { nics: [nic(MAC, true), nic('52:54:00:00:00:01')] },
      [`a NIC vanished: ${MAC_2}, eno1`, 'a NIC appeared: 52:54:00:00:00:01, eno1'],
    ],
    [
      'other firmware',
      { smbios: { ...before.smbios, biosVersion: '1.7.0' } },
      ['the firmware version changed from 1.6.5 to 1.7.0'],
    ],
    ['Secure Boot', { secureBoot: true }, ['Secure Boot changed from off to on']],
    ['a TPM that is gone', { tpm: undefined }, ['the TPM changed from 2.0 to none']],
    [
      'a processor that is gone',
      { cpu: { ...before.cpu, sockets: 1, cores: 16, threads: 32 } },
      ['the processor changed from 2 × Xeon, 32 cores, 64 threads to 1 × Xeon, 16 cores, 32 threads'],
    ],
  ])('tell of %s', (_, change, messages) => expect(told(change)).toEqual(messages))
})

describe('nothing is told of', () => {
  it.each<[string, Partial<Facts>]>([
    ['the same', {}],
    ['another order', { disks: before.disks.toReversed(), nics: before.nics.toReversed() }],
    [
      'names, links and addresses of now',
      {
        collectedAt: '2026-02-01T00:00:00.000Z',
        installer: { kernel: '6.13.0', version: '0.2.0' },
        disks: before.disks.map((one, i) => ({ ...one, name: `sd${i}x`, byId: ['x'], byPath: [`pci-${i}`] })),
        nics: before.nics.map((one) => ({ ...one, name: 'eth9', link: false, boot: !one.boot, addresses: ['::1'] })),
      },
    ],
    ['what is on disks', { disks: before.disks.map((one) => ({ ...one, signatures: ['gpt'], blocked: 'in use' })) }],
    ['a stick', { disks: [...before.disks, disk('STICK', { transport: 'usb' }), disk('CD', { removable: true })] }],
    ['a little memory that the kernel keeps', { memoryBytes: before.memoryBytes - 100 * 2 ** 20 }],
    ['what one of them does not know', { smbios: {} }],
    ['serials that are placeholders', { smbios: { ...before.smbios, serial: 'To be filled by O.E.M.' } }],
    ['a disk whose serial is not told this time', { disks: [disk(undefined), before.disks[1]!] }],
    ['a disk whose controller shows it under another WWN', { disks: [disk('A', { wwn: 'x' }), before.disks[1]!] }],
  ])('%s', (_, change) => expect(told(change)).toEqual([]))

  it('disks with the same junk for a serial, unless one of them goes', () => {
    const twins = { ...before, disks: [disk('0'), disk('0', { name: 'sdb', byPath: ['two'] })] }
    expect(compareFacts(twins, { ...twins, disks: twins.disks.toReversed() })).toEqual([])
    expect(compareFacts(twins, { ...twins, disks: [twins.disks[1]!] })).toHaveLength(1)
  })
})
