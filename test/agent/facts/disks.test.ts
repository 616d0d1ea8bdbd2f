import { describe, expect, it } from 'vitest'
import { describeDisk, parseLsblk, parseWipefs } from '../../../boot-assets/agent/facts/disks.ts'

const device = (change: object) => ({
  name: 'sda',
  type: 'disk',
  size: 480103981056,
  model: 'SAMSUNG MZ7KH480',
  vendor: 'ATA     ',
  serial: 'S47NNA0N123456',
  wwn: '0x5002538e00000001',
  tran: 'sata',
  rota: false,
  rm: false,
  ro: false,
  'log-sec': 512,
  'phy-sec': 4096,
  mountpoints: [null],
  fstype: null,
  pttype: 'gpt',
  'disc-max': 2147450880,
  ...change,
})

const lsblk = (...devices: object[]) => parseLsblk(JSON.stringify({ blockdevices: devices }))
const describeOne = (change: object, links: { byId?: [string, string][]; byPath?: [string, string][] } = {}) =>
  describeDisk(lsblk(device(change))[0]!, new Map(), { byId: links.byId ?? [], byPath: links.byPath ?? [] })

describe('parseLsblk', () => {
  // The names are what Linux calls things that lsblk also shows as TYPE=disk.
  it.each(['loop0', 'ram0', 'zram0', 'sr0', 'fd0', 'nbd0', 'md127', 'dm-0', 'mmcblk0boot0', 'mmcblk0rpmb'])(
    'leaves out %s',
    (name) => {
      expect(lsblk(device({ name }))).toEqual([])
    },
  )

  it('leaves out card readers without a card, and what is no disk', () => {
    expect(lsblk(device({ size: 0 }), device({ type: 'rom' }), device({ type: 'part' }))).toEqual([])
  })

  it('keeps disks of every kind', () => {
    const names = ['sda', 'nvme0n1', 'vda', 'mmcblk0', 'xvda']
    expect(lsblk(...names.map((name) => device({ name }))).map(({ name }) => name)).toEqual(names)
  })
})

describe('describeDisk', () => {
  it('tells a SATA disk', () => {
    expect(describeOne({})).toEqual({
      name: 'sda',
      size: 480103981056,
      model: 'SAMSUNG MZ7KH480',
      vendor: 'ATA',
      serial: 'S47NNA0N123456',
      wwn: '0x5002538e00000001',
      transport: 'sata',
      rotational: false,
      removable: false,
      readOnly: false,
      logicalBlockSize: 512,
      physicalBlockSize: 4096,
      byId: [],
      byPath: [],
      signatures: ['gpt'],
      partitions: [],
      erasure: [{ method: 'discard' }],
    })
  })

  it.each([
    ['nvme0n1', 'nvme', 'nvme'],
    ['vda', null, 'virtio'],
    ['mmcblk0', null, 'mmc'],
    ['sda', 'sas', 'sas'],
    ['sda', 'ata', 'sata'],
    ['sda', 'usb', 'usb'],
    ['sda', 'fc', 'scsi'],
    ['sda', null, 'scsi'],
    ['xvda', null, 'other'],
  ])('%s with transport %s is %s', (name, tran, transport) => {
    expect(describeOne({ name, tran }).transport).toBe(transport)
  })

  it('tells how it can erase itself, and whether its blocks can be discarded', () => {
    const [sda] = lsblk(device({ 'disc-max': 0 }))
    const own = [{ method: 'ata-erase', seconds: 120 }] as const
    expect(describeDisk(sda!, new Map(), { byId: [], byPath: [] }, own).erasure).toEqual(own)
  })

  it('does not take the PCI number of a virtio disk for its vendor', () => {
    expect(describeOne({ vendor: '0x1af4' }).vendor).toBeUndefined()
  })

  it.each([
    ['read-only', { ro: true }, 'read-only'],
    [
      'a mounted partition',
      { children: [device({ name: 'sda1', type: 'part', mountpoints: ['/mnt'] })] },
      'in use: sda1 is mounted at /mnt',
    ],
    [
      'swap',
      { children: [device({ name: 'sda2', type: 'part', mountpoints: ['[SWAP]'] })] },
      'in use as swap space (sda2)',
    ],
    [
      'a running RAID on a partition',
      { children: [device({ name: 'sda1', type: 'part', children: [device({ name: 'md0', type: 'raid1' })] })] },
      // Nobody has mounted it: what a killed install left, and the next one takes down.
      undefined,
    ],
    ['an idle partition', { children: [device({ name: 'sda1', type: 'part' })] }, undefined],
  ])('%s', (_, change, blocked) => {
    expect(describeOne(change).blocked).toBe(blocked)
  })

  it('collects signatures of disk and partitions once each', () => {
    const [sda] = lsblk(device({ children: [device({ name: 'sda1', type: 'part', fstype: 'xfs', pttype: 'gpt' })] }))
    const wipefs = parseWipefs(
      '{"signatures":[{"device":"sda","offset":"0x200","type":"gpt","uuid":null,"label":null},' +
        '{"device":"sda","offset":"0x1fe","type":"PMBR","uuid":null,"label":null},' +
        '{"device":"/dev/sda1","offset":"0x0","type":"linux_raid_member","uuid":null,"label":null}]}',
    )
    expect(describeDisk(sda!, wipefs, { byId: [], byPath: [] }).signatures).toEqual(['gpt', 'linux_raid_member', 'xfs'])
    expect(parseWipefs('')).toEqual(new Map())
  })

  it('tells the partitions of a GPT, by which later installs find what to keep', () => {
    const partition = {
      name: 'sda5',
      type: 'part',
      partn: 5,
      start: 4096,
      size: 2 ** 30,
      partlabel: 'var',
      fstype: 'ext4',
      uuid: 'U',
      partuuid: 'P',
      parttype: 'T',
    }
    expect(describeOne({ children: [device(partition)] }).partitions).toEqual([
      {
        number: 5,
        start: 4096 * 512,
        size: 2 ** 30,
        name: 'var',
        type: 'T',
        uuid: 'P',
        filesystem: 'ext4',
        filesystemUuid: 'U',
      },
    ])
    expect(describeOne({ pttype: 'dos', children: [device(partition)] }).partitions).toEqual([])
  })

  it('puts names that say model and serial first', () => {
    const links: [string, string][] = [
      ['wwn-0x5002538e00000001', 'nvme0n1'],
      ['nvme-eui.0025385000000001', 'nvme0n1'],
      ['nvme-Model_S1_1', 'nvme0n1'],
      ['nvme-Model_S1', 'nvme0n1'],
      ['nvme-Model_S1-part1', 'nvme0n1p1'],
      ['ata-other', 'sda'],
    ]
    expect(describeOne({ name: 'nvme0n1' }, { byId: links }).byId).toEqual([
      'nvme-Model_S1',
      'nvme-Model_S1_1',
      'wwn-0x5002538e00000001',
      'nvme-eui.0025385000000001',
    ])
  })
})
