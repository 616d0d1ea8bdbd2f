// What the agent refuses by itself, whatever its server says: before it has a disk in hand, or while a layer streams.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { toFailure } from '../../../boot-assets/agent/errors.ts'
import { ServerError } from '../../../boot-assets/agent/link/server.ts'
import type { ImageSource } from '../../../boot-assets/agent/link/task-source.ts'
import { Repo } from '../../../boot-assets/agent/ostree/repo.ts'
import { FILTER_DEFAULTS } from '../../../boot-assets/agent/ostree/filter.ts'
import { importLayer } from '../../../boot-assets/agent/ostree/import-layer.ts'
import { measureLayers } from '../../../boot-assets/agent/stages/measure.ts'
import { resolveImage } from '../../../boot-assets/agent/stages/resolve.ts'
import { verifyTrust } from '../../../boot-assets/agent/stages/verify.ts'
import { BlobFetcher } from '../../../boot-assets/agent/stream/blob-source.ts'
import { hostileImage, REFUSALS } from '../../helpers/refusals.ts'
import type { HostileImage, Threat } from '../../helpers/refusals.ts'

const ignore = () => {}

function sourceOf({ served }: HostileImage): Pick<ImageSource, 'bytes' | 'size'> {
  const find = (digest: string): Buffer => {
    const bytes = served.get(digest)
    if (bytes === undefined) throw new ServerError('REFUSED', 'no', { status: 404 })
    return bytes
  }
  return {
    bytes: async (_, __, digest) => find(digest),
    size: async (_, digest) => find(digest).length,
  }
}

/** The agent's own order: all of `plan`, then the layers. */
async function refusal(threat: Threat): Promise<{ code: string; agent: string } | undefined> {
  const image = hostileImage(threat)
  const images = sourceOf(image)
  const { digest } = image.manifest
  const task = { repository: 'os/web', digest, targetReference: 'r.example/os/web:1' }
  try {
    const resolved = await resolveImage(images, task, 'amd64', ignore)
    await verifyTrust({ trust: image.trust, image: resolved, say: ignore })
    await measureLayers(images, resolved, ignore)
  } catch (error) {
    return { code: toFailure(error, 'plan').code, agent: 'plan' }
  }
  const folder = await mkdtemp(join(tmpdir(), 'landfall-refusals-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const file = join(folder, 'layer')
  await writeFile(file, image.served.get(image.layer.digest)!)
  const { layers } = JSON.parse(image.manifest.bytes.toString()) as { layers: [{ mediaType: string; size: number }] }
  const { rootfs } = JSON.parse(image.config.bytes.toString()) as { rootfs: { diff_ids: [string] } }
  const job = {
    digest: image.layer.digest,
    size: layers[0].size,
    mediaType: layers[0].mediaType,
    diffId: rootfs.diff_ids[0],
    isVouchedFor: false,
    role: 'derived' as const,
    source: { urls: [pathToFileURL(file).href] },
    filter: FILTER_DEFAULTS,
  }
  try {
    await importLayer(Repo.init(join(folder, 'repo')), job, new BlobFetcher(), ignore)
    return undefined
  } catch (error) {
    return { code: toFailure(error, 'fetch').code, agent: 'fetch' }
  }
}

it.each(Object.keys(REFUSALS) as Threat[])('the agent refuses %s', async (threat) => {
  const { code, agent } = REFUSALS[threat]
  expect(await refusal(threat)).toEqual({ code, agent })
})
