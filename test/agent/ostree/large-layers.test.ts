// Layers of more files than any system has: within the memory of one worker, or refused in words of their own.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { zstdCompressSync } from 'node:zlib'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { toFailure } from '../../../boot-assets/agent/errors.ts'
import { OstreeError } from '../../../boot-assets/agent/ostree/errors.ts'
import { FILTER_DEFAULTS } from '../../../boot-assets/agent/ostree/filter.ts'
import type { ImportedLayer, LayerJob } from '../../../boot-assets/agent/ostree/import-layer.ts'
import { importLayers } from '../../../boot-assets/agent/ostree/layer-pool.ts'
import { Repo } from '../../../boot-assets/agent/ostree/repo.ts'
import { digestOf } from '../../../server/oci/verify.ts'
import { writeEntry } from '../stream/tar-writer.ts'
import type { Entry } from '../stream/tar-writer.ts'

let folder: string
let repo: Repo
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'large-layers-'))
  repo = Repo.init(join(folder, 'repo'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Imports a layer of `count` entries in a thread. */
async function importMany(count: number, entry: (serial: number) => Entry): Promise<ImportedLayer> {
  const tar = Buffer.concat(Array.from({ length: count }, (_, serial) => writeEntry(entry(serial))))
  const blob = zstdCompressSync(tar)
  const file = join(folder, 'blob')
  writeFileSync(file, blob)
  const job: LayerJob = {
    digest: digestOf(blob),
    size: blob.length,
    mediaType: 'application/vnd.oci.image.layer.v1.tar+zstd',
    diffId: digestOf(tar),
    isVouchedFor: false,
    role: 'derived',
    source: { urls: [pathToFileURL(file).href] },
    filter: FILTER_DEFAULTS,
  }
  const { promise, resolve } = Promise.withResolvers<ImportedLayer>()
  await importLayers(repo, [job], {
    concurrency: 1,
    onProgress: () => {},
    onDone: (_, layer) => resolve(layer),
  })
  return promise
}

it('takes a layer of 350,000 files, many of them in one folder', { timeout: 300_000 }, async () => {
  const folderOf = (serial: number): string => (serial < 100_000 ? 'flat' : `deep/${serial >> 6}`)
  // Symlinks, all the same one: what is tried is the tree, not the disk.
  const layer = await importMany(350_000, (serial) => ({
    path: `usr/share/${folderOf(serial)}/file-with-a-name-of-its-own-${serial}`,
    type: 'symlink',
    target: 'elsewhere',
  }))
  expect(layer.files).toBe(350_000)
  const share = ['usr', 'share'].reduce(
    (ref, name) => repo.readDirtree(ref.tree).directories.get(name)!,
    repo.readCommit(layer.commit).root,
  )
  const flat = repo.readDirtree(share.tree).directories.get('flat')!
  expect(repo.readDirtree(flat.tree).files.size).toBe(100_000)
})

it('refuses one that does not fit into memory, and says so', { timeout: 300_000 }, async () => {
  const failed = importMany(220_000, (serial) => ({ path: `usr/share/folder-${serial}`, type: 'directory' }))
  await expect(failed).rejects.toThrowWithCode(OstreeError, 'TOO_MANY_FILES')
  expect(toFailure(await failed.catch((error: unknown) => error), 'fetch')).toMatchObject({
    code: 'TOO_MANY_FILES',
    hint: 'build the image so that its files come in several layers',
  })
})
