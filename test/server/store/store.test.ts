import { describe, expect, it } from 'vitest'
import { memoryLeaseStore } from '../../../server/dhcp/leases.ts'
import type { Lease, LeaseStore } from '../../../server/dhcp/leases.ts'
import type { ImageRecords } from '../../../server/core/images.ts'
import type { MediaRecord } from '../../../server/core/media.ts'
import { openStore } from '../../../server/store/store.ts'
import { memoryImageRecords } from '../../helpers/image-records.ts'
import { digestOf } from '../../helpers/store-fakes.ts'

const LEASE: Lease = {
  address: '10.0.0.5',
  key: 'id:01',
  mac: '52:54:00:12:34:56',
  state: 'bound',
  start: 1000,
  end: 2000,
  hostname: 'n1',
}

const leaseStores: [string, () => LeaseStore][] = [
  ['in SQLite', () => openStore(':memory:').leases],
  ['in memory', memoryLeaseStore],
]
describe.each(leaseStores)('leases %s', (_, create) => {
  it('are kept by address, the newest one of each', () => {
    const store = create()
    store.put([LEASE, { ...LEASE, address: '10.0.0.6' }])
    store.put([{ ...LEASE, state: 'released' }])
    store.put([])
    expect([...store.all()].sort((a, b) => (a.address < b.address ? -1 : 1))).toEqual([
      { ...LEASE, state: 'released' },
      { ...LEASE, address: '10.0.0.6' },
    ])
    store.remove('10.0.0.5')
    store.remove('10.0.0.99')
    expect([...store.all()].map(({ address }) => address)).toEqual(['10.0.0.6'])
  })
})

const imageStores: [string, () => ImageRecords][] = [
  ['in SQLite', () => openStore(':memory:').images],
  ['in memory', memoryImageRecords],
]
describe.each(imageStores)('image records %s', (_, create) => {
  const mediaType = 'application/vnd.oci.image.manifest.v1+json'
  const tag = {
    repository: 'os/web',
    tag: 'stable',
    digest: digestOf('a'),
    mediaType,
    addedAt: '2026-01-31T12:00:00.000Z',
  }
  const manifest = (digest: string) => ({ repository: 'os/web', digest, mediaType })

  it('move tags and keep what digests were pinned to', () => {
    const records = create()
    records.put(tag, [manifest(digestOf('a'))])
    records.put({ ...tag, digest: digestOf('b') }, [manifest(digestOf('b'))])
    expect(records.tags()).toEqual([{ ...tag, digest: digestOf('b') }])
    expect(records.tag('os/web', 'stable')?.digest).toBe(digestOf('b'))
    expect(records.manifest('os/web', digestOf('a'))).toEqual(manifest(digestOf('a')))
    expect(records.manifest('os/other', digestOf('a'))).toBeUndefined()
    expect(records.removeTag('os/web', 'stable')).toBe(true)
    expect(records.removeTag('os/web', 'stable')).toBe(false)
    expect(records.tag('os/web', 'stable')).toBeUndefined()
    expect(records.manifest('os/web', digestOf('b'))).toEqual(manifest(digestOf('b')))
  })
})

describe('boot media', () => {
  it('are kept by id, the newest record of each', () => {
    const { media } = openStore(':memory:')
    const record = (id: string, folder: string) => ({ media: { id }, folder }) as MediaRecord
    media.put(record('b', '1'))
    media.put(record('a', '2'))
    media.put(record('b', '3'))
    expect(media.list()).toEqual([record('a', '2'), record('b', '3')])
    expect(media.get('b')).toEqual(record('b', '3'))
    expect(media.get('c')).toBeUndefined()
    expect([media.remove('b'), media.remove('b')]).toEqual([true, false])
  })
})
