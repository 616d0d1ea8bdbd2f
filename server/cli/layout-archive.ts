// An OCI image layout (a folder) as the tar that Landfall takes images in as.
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pack } from 'tar-stream'
import type { Pack } from 'tar-stream'
import { CliError } from './errors.ts'

export interface LayoutArchive {
  stream: Readable
  /** Sum of its files. */
  totalBytes: number
}

/** Only the files of the layout, nothing else in the folder. `index` takes the place of its index.json. Throws CliError 2. */
export async function layoutArchive(folder: string, index?: Buffer): Promise<LayoutArchive> {
  const files = await layoutFiles(folder)
  const archive = pack()
  void addFiles(archive, folder, files, index).catch((error: unknown) => archive.destroy(error as Error))
  return {
    stream: Readable.from(archive, { objectMode: false }),
    totalBytes: files.reduce((sum, { size }) => sum + size, 0),
  }
}

async function layoutFiles(folder: string): Promise<{ name: string; size: number }[]> {
  const names = ['oci-layout', 'index.json']
  const blobs = await readdir(join(folder, 'blobs/sha256')).catch((cause: unknown) => {
    throw new CliError(`${folder} is not an OCI image layout: it has no blobs/sha256`, { exitCode: 2, cause })
  })
  names.push(...blobs.sort().map((name) => `blobs/sha256/${name}`))
  return Promise.all(names.map(async (name) => ({ name, size: (await stat(join(folder, name))).size })))
}

async function addFiles(
  archive: Pack,
  folder: string,
  files: { name: string; size: number }[],
  index: Buffer | undefined,
): Promise<void> {
  for (const { name, size } of files) {
    if (name === 'index.json' && index !== undefined) {
      archive.entry({ name }, index)
      continue
    }
    const entry = archive.entry({ name, size })
    // Whoever reads may stop at any moment, as when the server refuses the image; that is told where the archive is read.
    entry.on('error', () => {})
    for await (const chunk of createReadStream(join(folder, name))) {
      if (archive.destroyed) return
      if (!entry.write(chunk)) await once(entry, 'drain')
    }
    entry.end(undefined)
  }
  archive.finalize()
}
