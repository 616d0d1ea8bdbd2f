// What the server refuses, with everything real but the machines: store, reading thread, judge.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { expect, it, onTestFinished } from 'vitest'
import { LayerReading } from '../../../server/inspect/layer-reading.ts'
import { LayerThread } from '../../../server/inspect/layer-thread.ts'
import { BlobStore } from '../../../server/oci/blob-store.ts'
import { ImageService } from '../../../server/oci/image-service.ts'
import { OCI_MANIFEST } from '../../../server/oci/media-types.ts'
import { judge } from '../../../server/trust/judge.ts'
import { openStore } from '../../../server/store/store.ts'
import { tarOf } from '../../helpers/image-fixtures.ts'
import { hostileImage, REFUSALS } from '../../helpers/refusals.ts'
import type { HostileImage, Threat } from '../../helpers/refusals.ts'

async function scene() {
  const folder = await mkdtemp(join(tmpdir(), 'landfall-refusals-'))
  const store = openStore(':memory:')
  const blobs = await BlobStore.open(join(folder, 'oci'))
  const images = new ImageService(blobs, store.images)
  const reading = new LayerReading({
    records: store.layers,
    blobs,
    folder: join(folder, 'reading'),
    // Reached by the bomb long before it has grown a hundredfold and a GiB, which takes a thread of the lowest priority minutes on a busy host.
    maxLayerBytes: 2 ** 24,
    thread: new LayerThread(),
    onFailure: (_, error) => expect.fail(String(error)),
  })
  store.images.watchBlobs(() => reading.wake())
  reading.start()
  onTestFinished(async () => {
    await reading.stop()
    store.close()
    await rm(folder, { recursive: true })
  })
  return { blobs, images, reading }
}

/** An OCI layout with, under each digest, what is served; `tampered` leaves the layer right: it changes later. */
function layout({ manifest, config, layer, served }: HostileImage, isChangedLater: boolean): Record<string, Buffer> {
  const files: Record<string, Buffer> = { 'oci-layout': Buffer.from('{"imageLayoutVersion":"1.0.0"}') }
  for (const { digest, bytes } of [manifest, config, layer]) {
    files[`blobs/sha256/${digest.slice(7)}`] = isChangedLater && digest === layer.digest ? bytes : served.get(digest)!
  }
  const descriptor = { mediaType: OCI_MANIFEST, digest: manifest.digest, size: manifest.bytes.length }
  files['index.json'] = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [descriptor] }))
  return files
}

/** Everything between an image and a machine's disk, in the order of an assignment. */
async function refusal(threat: Threat): Promise<{ code: string; server: string } | undefined> {
  const { blobs, images, reading } = await scene()
  const image = hostileImage(threat)
  const isChangedLater = image.served.get(image.layer.digest) !== image.layer.bytes
  try {
    const archive = await tarOf(layout(image, isChangedLater))
    await images.importArchive(Readable.from([archive]), 'os/web:1', () => {})
  } catch (error) {
    expect(await images.list()).toEqual([])
    return { code: (error as { code: string }).code, server: 'arrival' }
  }
  if (isChangedLater) await writeFile(blobs.file(image.layer.digest), image.served.get(image.layer.digest)!)
  const resolved = await images.resolve('os/web:1', 'amd64')
  if ('code' in resolved) return { code: resolved.code, server: 'assignment' }
  const { code } = await judge(image.trust, resolved, new Date())
  if (code !== null) return { code, server: 'assignment' }
  for (;;) {
    const news = reading.settled()
    const content = await reading.check(resolved)
    if (content.state === 'refused') return { code: content.code, server: 'assignment' }
    if (content.state === 'read') return undefined
    await news
  }
}

it.each(Object.keys(REFUSALS) as Threat[])('the server refuses %s', async (threat) => {
  const { code, server } = REFUSALS[threat]
  expect(await refusal(threat)).toEqual({ code, server })
})
