import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { BlobStore } from '../../../server/oci/blob-store.ts'
import { recordFacts } from '../../../server/oci/record-facts.ts'
import { registry } from '../../../server/store/migrations/0006-registry.ts'
import { openStore } from '../../../server/store/store.ts'
import { fixtureImage } from '../../helpers/image-fixtures.ts'
import { databaseBefore } from '../../helpers/old-database.ts'

it('finds out what manifests of an earlier version need, and says which cannot be read', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'landfall-facts-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const image = await fixtureImage([{ a: 'one' }])
  const blobs = await BlobStore.open(folder)
  for (const { bytes } of [image.manifest, image.config, ...image.layers]) await blobs.put(bytes)

  const file = join(folder, 'old.db')
  const old = databaseBefore(registry, file)
  const insert = old.prepare('INSERT INTO image_manifests VALUES (?, ?, ?)')
  const mediaType = 'application/vnd.oci.image.manifest.v1+json'
  insert.run('os/web', image.manifest.digest, mediaType)
  insert.run('os/web', `sha256:${'0'.repeat(64)}`, mediaType)
  old.close()

  const { images: records, close } = openStore(file)
  onTestFinished(close)
  expect(await recordFacts(records, blobs, new Date(0))).toMatchObject([{ code: 'BLOB_UNKNOWN' }])
  expect(records.blob('os/web', image.config.digest)).toMatchObject({ size: image.config.bytes.length })
  expect(records.neededBy('os/web', image.layers[0]!.digest)).toEqual([image.manifest.digest])
  expect(records.unread()).toHaveLength(1)
})
