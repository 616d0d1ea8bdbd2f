import { Readable } from 'node:stream'
import { extract, pack } from 'tar-stream'
import { describe, expect, it } from 'vitest'
import { Bundles } from '../../../server/oci/bundles.ts'
import { checkStore } from '../../../server/oci/store-check.ts'
import { digestOf } from '../../../server/oci/verify.ts'
import { fixtureIndex } from '../../helpers/image-fixtures.ts'
import { testRegistry } from '../../helpers/registry.ts'
import { OCI_INDEX, pushBlob, pushImage, pushManifest, referrer } from './registry/support.ts'

type Entries = Map<string, Buffer>

async function site() {
  const registry = await testRegistry()
  const bundles = new Bundles({ ...registry, policies: [{ require: 'reject', pattern: '*' }] })
  const take = (entries: Entries) => bundles.take(tarOf(entries), () => {})
  return { ...registry, bundles, take }
}

/** An index with a signed image, another image beside it, and the bundle of both. */
async function bundled() {
  const from = await site()
  const image = await pushImage(from, 'os/web', 'part')
  await pushImage(from, 'os/db')
  const index = fixtureIndex([{ image, architecture: 'amd64' }])
  await pushManifest(from, '/v2/os/web/manifests/all', index.bytes, { 'content-type': OCI_INDEX })
  await pushBlob(from, 'os/web', Buffer.from('{}'))
  const about = referrer({ digest: image.manifest.digest, size: image.manifest.bytes.length })
  await pushManifest(from, `/v2/os/web/manifests/${digestOf(about)}`, about)
  const simple = referrer({ digest: digestOf(Buffer.from('x')), size: 1 })
  const signed = `${image.manifest.digest.replace(':', '-')}.sig`
  await pushManifest(from, `/v2/os/web/manifests/${signed}`, simple)
  const { stream, totalBytes } = await from.bundles.make([], false)
  const entries = await entriesOf(stream)
  return { from, image, index, about, signed, entries, totalBytes }
}

describe('a bundle', () => {
  it('brings images, indexes, signatures and referrers, as they were', async () => {
    const { from, entries, totalBytes } = await bundled()
    expect(entries.values().reduce((sum, { length }) => sum + length, 0)).toBe(totalBytes)
    const to = await site()
    const taken = await to.take(entries)
    expect(taken.map(({ repository, tag }) => `${repository}:${tag}`).sort()).toEqual([
      'os/db:1',
      'os/web:all',
      'os/web:part',
    ])
    const names = ({ records }: typeof from) => records.tags().map((tag) => ({ ...tag, addedAt: '' }))
    expect(names(to)).toEqual(names(from))
    const manifests = ({ records }: typeof from) =>
      records.heldManifests().map(({ repository, digest, subject }) => ({ repository, digest, subject }))
    expect(manifests(to)).toEqual(manifests(from))
    expect((await checkStore(to)).problems).toEqual([])
  })

  it('is the same for the same content, and of chosen images only if they are named', async () => {
    const { from } = await bundled()
    const read = async () => Buffer.concat(await Array.fromAsync((await from.bundles.make(['os/db:1'], true)).stream))
    const first = await read()
    expect(await read()).toEqual(first)
    const entries = await entriesOf(Readable.from([first]))
    expect(JSON.parse(String(entries.get('landfall-trust.json')))).toEqual([{ require: 'reject', pattern: '*' }])
    expect((await (await site()).take(entries)).map(({ repository }) => repository)).toEqual(['os/db'])
  })

  it('of an image that is unknown or not here whole is refused', async () => {
    const { from, image } = await bundled()
    await expect(from.bundles.make(['os/none'], false)).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' })
    from.blobs.remove(image.layers[0]!.digest)
    await expect(from.bundles.make(['os/web:part'], false)).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' })
  })

  it.each([
    [
      'a layer that is something else',
      'DIGEST_MISMATCH',
      (entries: Entries, layer: string) => entries.set(layer, Buffer.from('bad')),
    ],
    ['a layer missing', 'ARCHIVE_INVALID', (entries: Entries, layer: string) => entries.delete(layer)],
    ['no index', 'ARCHIVE_INVALID', (entries: Entries) => entries.delete('index.json')],
    ['a name that leads out of it', 'PATH_INVALID', (entries: Entries) => entries.set('../up', Buffer.from('x'))],
    ['a name of nothing', 'ARCHIVE_INVALID', (entries: Entries) => rename(entries, 'os/web')],
    ['a name that is none', 'REFERENCE_INVALID', (entries: Entries) => rename(entries, 'OS WEB:1')],
  ])('with %s brings nothing (%s), and can be brought again', async (_, code, damage) => {
    const { entries, image } = await bundled()
    const damaged = new Map(entries)
    damage(damaged, `blobs/${image.layers[0]!.digest.replace(':', '/')}`)
    const to = await site()
    await expect(to.take(damaged)).rejects.toMatchObject({ code })
    expect([to.records.tags(), to.records.heldManifests()]).toEqual([[], []])
    expect(await to.take(entries)).toHaveLength(3)
  })
})

function rename(entries: Entries, name: string): void {
  const index = JSON.parse(String(entries.get('index.json'))) as {
    manifests: { annotations: Record<string, string> }[]
  }
  index.manifests[0]!.annotations['org.opencontainers.image.ref.name'] = name
  entries.set('index.json', Buffer.from(JSON.stringify(index)))
}

async function entriesOf(stream: Readable): Promise<Entries> {
  const entries: Entries = new Map()
  const untar = extract()
  stream.pipe(untar)
  for await (const entry of untar) {
    entries.set(entry.header.name, Buffer.concat(await Array.fromAsync(entry as unknown as AsyncIterable<Buffer>)))
  }
  return entries
}

function tarOf(entries: Entries): Readable {
  const archive = pack()
  for (const [name, bytes] of entries) archive.entry({ name }, bytes)
  archive.finalize()
  return Readable.from(archive, { objectMode: false })
}
