import { describe, expect, it } from 'vitest'
import { memoryLeaseStore } from '../../../server/dhcp/leases.ts'
import type { Lease, LeaseStore } from '../../../server/dhcp/leases.ts'
import type { MediaRecord } from '../../../server/core/media.ts'
import { openStore } from '../../../server/store/store.ts'
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

describe('image records', () => {
  const mediaType = 'application/vnd.oci.image.manifest.v1+json'
  const tag = {
    repository: 'os/web',
    tag: 'stable',
    digest: digestOf('a'),
    mediaType,
    addedAt: '2026-01-31T12:00:00.000Z',
  }
  const manifest = (digest: string) => ({ repository: 'os/web', digest, mediaType })
  const added = (digest: string) => ({
    ...manifest(digest),
    size: 100,
    addedAt: tag.addedAt,
    blobs: [{ digest: digestOf('c'), size: 1000 }],
    manifests: [],
    subject: null,
    artifactType: null,
    annotations: null,
  })

  it('move tags and keep what digests were pinned to', () => {
    const records = openStore(':memory:').images
    records.put([added(digestOf('a'))], [tag])
    records.put([added(digestOf('b'))], [{ ...tag, digest: digestOf('b') }])
    expect(records.tags()).toEqual([{ ...tag, digest: digestOf('b') }])
    expect(records.tag('os/web', 'stable')?.digest).toBe(digestOf('b'))
    expect(records.manifest('os/web', digestOf('a'))).toEqual(manifest(digestOf('a')))
    expect(records.manifest('os/other', digestOf('a'))).toBeUndefined()
    expect(records.removeTag('os/web', 'stable')).toBe(true)
    expect(records.removeTag('os/web', 'stable')).toBe(false)
    expect(records.tag('os/web', 'stable')).toBeUndefined()
    expect(records.manifest('os/web', digestOf('b'))).toEqual(manifest(digestOf('b')))
  })

  it('count each digest once, whatever repositories hold it', () => {
    const records = openStore(':memory:').images
    expect(records.storedBytes()).toBe(0)
    records.put([added(digestOf('a')), { ...added(digestOf('a')), repository: 'os/other' }], [])
    expect(records.storedBytes()).toBe(1100)
    expect(records.removeManifest('os/web', digestOf('a'))).toBe(true)
    expect(records.removeManifest('os/web', digestOf('a'))).toBe(false)
    expect([records.isKnown(digestOf('a')), records.holderOf(digestOf('c'))]).toEqual([true, 'os/other'])
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
