import { rm, writeFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { checkStore } from '../../../server/oci/store-check.ts'
import { testRegistry } from '../../helpers/registry.ts'
import { pushBlobs, pushImage } from './registry/support.ts'

describe('check of the store', () => {
  it('reads everything and finds nothing wrong with what was pushed', async () => {
    const registry = await testRegistry()
    const { manifest, config, layers } = await pushImage(registry)
    const bytes = [manifest, config, ...layers].reduce((sum, one) => sum + one.bytes.length, 0)
    const seen: number[] = []
    const report = await checkStore({ ...registry, onProgress: (done) => seen.push(done) })
    expect(report).toEqual({ files: 3, bytes, problems: [] })
    expect(seen.at(-1)).toBe(bytes)
  })

  it('names damaged and missing files, and repairs by making room for sound ones', async () => {
    const registry = await testRegistry()
    const image = await pushImage(registry)
    const [layer] = image.layers
    await writeFile(registry.blobs.file(layer!.digest), 'other bytes')
    await rm(registry.blobs.file(image.config.digest))
    const kinds = async (repair: boolean) =>
      (await checkStore({ ...registry, repair })).problems.map(({ kind, digest }) => [kind, digest]).sort()
    const want = [
      ['damaged', layer!.digest],
      ['missing', image.config.digest],
    ]
    expect(await kinds(false)).toEqual(want)
    expect(await kinds(true)).toEqual([...want, ['missing', layer!.digest]].sort())
    expect((await registry.call('HEAD', `/v2/os/web/blobs/${layer!.digest}`)).status).toBe(404)
    await pushBlobs(registry, 'os/web', image)
    expect(await kinds(false)).toEqual([])
  })
})
