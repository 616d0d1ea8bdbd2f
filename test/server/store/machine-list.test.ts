import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { MachineFilter } from '../../../server/contract/machine-filter.ts'
import { inventory as migration } from '../../../server/store/migrations/0009-inventory.ts'
import { copyInto, databaseBefore } from '../../helpers/old-database.ts'
import { facts, MAC, nic, testCore, UUID } from '../../helpers/store-fakes.ts'

const mac = (index: number) => `52:54:00:00:00:${index.toString(16).padStart(2, '0')}`

describe('machines', () => {
  const core = testCore()
  const { inventory } = core
  const { id } = inventory.create({ macs: [MAC], name: 'Web-01' }, 'a')
  inventory.recordFacts(id, facts())
  inventory.seen(id, '192.0.2.17')
  inventory.create({ macs: [mac(1)], name: 'other' }, 'a')
  const names = (filter: MachineFilter) => inventory.list(filter).map(({ name }) => name)

  it.each([
    ['a part of the name', 'web-0'],
    ['a part of the serial', 'qrk'],
    ['a part of the MAC', '00:12:3'],
    ['a MAC as Windows writes it', '52-54-00-12'],
    ['a MAC as switches print it', '525400123456'],
    ['a part of the SMBIOS UUID', UUID.slice(4, 15)],
    ['a part of the address', '192.0.2.17'],
    ['the vendor', 'dell'],
    ['the product', 'poweredge r650'],
    ['parts too short for the index', 'r6 qr'],
    ['words of several of these, in any order', 'r650 QRK web'],
  ])('are found by %s', (_, search) => {
    expect(names({ search })).toEqual(['Web-01'])
  })

  it('are not found by what only two values together hold', () => {
    expect(names({ search: 'web-01c5q' })).toEqual([])
    expect(names({ search: 'web other' })).toEqual([])
  })

  it.each(['web"', 'web*', 'NOT web', 'text:web', 'web\0', '%', "we'b", '^web'])(
    'take %j for nothing but text',
    (search) => {
      expect(names({ search })).toEqual([])
    },
  )

  it('are found by architecture and firmware once they have told them', () => {
    expect(names({ architecture: 'amd64', firmware: 'uefi' })).toEqual(['Web-01'])
    expect(names({ firmware: 'bios' })).toEqual([])
  })

  it('are found by what they are called and labelled now', () => {
    const renamed = inventory.create({ macs: [mac(2)], name: 'old', labels: { rack: 'r1' } }, 'a')
    inventory.update(renamed.id, { name: 'new', labels: { row: '2' } }, 'a')
    expect(names({ search: 'old' })).toEqual([])
    expect(names({ search: 'new' })).toEqual(['new'])
    expect(names({ label: ['rack'] })).toEqual([])
    expect(names({ label: ['row=2'] })).toEqual(['new'])
    inventory.remove(renamed.id, 'a')
    expect(names({ search: mac(2) })).toEqual([])
    expect(names({ label: ['row'] })).toEqual([])
  })

  it('are found by the MACs of a record that turned out to be the same machine', () => {
    const { id: stray } = inventory.discover({ mac: mac(3) })
    inventory.recordFacts(id, facts({ nics: [nic(MAC, true), nic(mac(3))] }))
    expect(() => inventory.get(stray)).toThrow()
    expect(names({ search: mac(3) })).toEqual(['Web-01'])
  })
})

describe('the image wanted', () => {
  it('follows every change of machine and profiles', () => {
    const { inventory, profiles } = testCore()
    const { id } = inventory.create({ macs: [MAC] }, 'a')
    const wanted = () => {
      const image = inventory.toSummary(id).image
      // The column says what merging says.
      expect(inventory.list({ image: image ?? 'none' })).toHaveLength(image === null ? 0 : 1)
      return image
    }
    expect(wanted()).toBeNull()
    const low = profiles.create({ name: 'low', selector: {}, priority: 0, spec: { image: 'os/low:1' } }, 'a')
    expect(wanted()).toBe('os/low:1')
    const high = { name: 'high', selector: { rack: 'r1' }, priority: 1, spec: { image: 'os/high:1' } }
    const { id: highId } = profiles.create(high, 'a')
    expect(wanted()).toBe('os/low:1')
    inventory.update(id, { labels: { rack: 'r1' } }, 'a')
    expect(wanted()).toBe('os/high:1')
    profiles.update(highId, { selector: { rack: 'r2' } }, 'a')
    expect(wanted()).toBe('os/low:1')
    inventory.update(id, { spec: { image: 'os/own:1' } }, 'a')
    expect(wanted()).toBe('os/own:1')
    inventory.update(id, { spec: {} }, 'a')
    profiles.remove(low.id, 'a')
    expect(wanted()).toBeNull()
  })
})

it('machines of an earlier version are found after the upgrade', () => {
  const folder = mkdtempSync(join(tmpdir(), 'landfall-list-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'landfall.db')
  const core = testCore({ file })
  const { id } = core.inventory.create({ macs: [MAC], name: 'web', labels: { rack: 'r1' } }, 'a')
  core.inventory.recordFacts(id, facts())
  core.profiles.create({ name: 'racked', selector: { rack: 'r1' }, priority: 0, spec: { image: 'os/web:1' } }, 'a')
  core.store.close()
  const earlier = join(folder, 'earlier.db')
  const old = databaseBefore(migration, earlier)
  copyInto(old, file)
  old.close()

  const { inventory } = testCore({ file: earlier })
  const filter = { search: 'c5qrkj1', label: ['rack=r1'], image: 'os/web:1', firmware: 'uefi' } as const
  expect(inventory.list({ ...filter, label: [...filter.label] })).toMatchObject([{ name: 'web', firmware: 'uefi' }])
})
