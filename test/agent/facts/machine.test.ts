// SMBIOS, CPU, memory, NICs, firmware: one short table each.
import { describe, expect, it } from 'vitest'
import { parseCpuinfo, parseMemTotal } from '../../../boot-assets/agent/facts/cpu.ts'
import { parseSecureBoot, parseTpm } from '../../../boot-assets/agent/facts/firmware.ts'
import { parseNic } from '../../../boot-assets/agent/facts/nics.ts'
import type { NicSource } from '../../../boot-assets/agent/facts/nics.ts'
import { parseSmbios } from '../../../boot-assets/agent/facts/smbios.ts'

describe('parseSmbios', () => {
  it('keeps values and lowers the UUID', () => {
    expect(
      parseSmbios({ uuid: '0A1B2C3D-0000-4000-8000-000000000001', product: 'PowerEdge R640', serial: ' ABC ' }),
    ).toEqual({
      uuid: '0a1b2c3d-0000-4000-8000-000000000001',
      product: 'PowerEdge R640',
      serial: 'ABC',
    })
  })

  it.each([
    'To be filled by O.E.M.',
    'Default string',
    'Not Specified',
    'None',
    '0',
    '........',
    'System Serial Number',
    '',
  ])('takes %j for no value', (text) => {
    expect(parseSmbios({ serial: text })).toEqual({})
  })
})

describe('parseCpuinfo', () => {
  const processor = (number: number, socket: number, core: number) =>
    `processor\t: ${number}\nmodel name\t: Intel(R) Xeon(R)   Silver 4110\nphysical id\t: ${socket}\ncore id\t\t: ${core}\n`

  it('counts sockets, cores and threads', () => {
    const text = [processor(0, 0, 0), processor(1, 0, 1), processor(2, 1, 0), processor(3, 0, 0)].join('\n')
    expect(parseCpuinfo(text)).toEqual({ model: 'Intel(R) Xeon(R) Silver 4110', sockets: 2, cores: 3, threads: 4 })
  })

  it('takes threads for cores where topology is not told (arm64)', () => {
    expect(parseCpuinfo('processor\t: 0\nCPU part\t: 0xd0c\n\nprocessor\t: 1\nCPU part\t: 0xd0c\n')).toEqual({
      model: '0xd0c',
      sockets: 1,
      cores: 2,
      threads: 2,
    })
  })

  it('survives an empty file', () => {
    expect(parseCpuinfo('')).toEqual({ model: 'unknown', sockets: 1, cores: 1, threads: 1 })
  })
})

it('parseMemTotal reads kibibytes', () => {
  expect(parseMemTotal('MemTotal:        2013924 kB\nMemFree: 1 kB\n')).toBe(2013924 * 1024)
  expect(parseMemTotal('')).toBeUndefined()
})

describe('parseNic', () => {
  const source: NicSource = {
    name: 'enp1s0',
    address: '52:54:00:12:34:56',
    devicePath: '/sys/devices/pci0000:00/0000:00:02.0/0000:01:00.0/virtio1',
    driverPath: '/sys/bus/virtio/drivers/virtio_net',
    carrier: '1',
    speed: '-1',
    addresses: ['192.0.2.10/24'],
  }

  it('tells a NIC', () => {
    expect(parseNic(source, '52:54:00:12:34:56')).toEqual({
      name: 'enp1s0',
      mac: '52:54:00:12:34:56',
      driver: 'virtio_net',
      link: true,
      addresses: ['192.0.2.10/24'],
      pciAddress: '0000:01:00.0',
      boot: true,
    })
  })

  it.each([
    ['without hardware', { devicePath: undefined }],
    ['without an Ethernet address', { address: '00:00:00:00:00:00' }],
    ['with an InfiniBand address', { address: `80:00:02:08:fe:80${':00'.repeat(14)}` }],
  ])('skips interfaces %s', (_, change) => {
    expect(parseNic({ ...source, ...change }, undefined)).toBeUndefined()
  })

  it('knows speed where the driver does, and no link while the carrier cannot be read', () => {
    expect(parseNic({ ...source, speed: '25000', carrier: undefined }, undefined)).toMatchObject({
      speedMbps: 25000,
      link: false,
      boot: false,
    })
  })
})

describe('firmware', () => {
  it.each([
    [[6, 0, 0, 0, 1], true],
    [[6, 0, 0, 0, 0], false],
    [[1], false],
    [undefined, false],
  ])('Secure Boot variable %j is %s', (bytes, on) => {
    expect(parseSecureBoot(bytes === undefined ? undefined : Uint8Array.from(bytes))).toBe(on)
  })

  it.each([
    ['2', '2.0'],
    ['1', '1.2'],
    [undefined, undefined],
  ])('TPM major %s is %s', (major, version) => {
    expect(parseTpm(major)).toBe(version)
  })
})
