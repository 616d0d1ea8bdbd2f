// Builds an ISO of whatever kind, with progress, and leaves nothing half-done.
import { join } from 'node:path'
import type { Command } from 'commander'
import { formatBytes } from '../../contract/bytes.ts'
import type { MediumEntry } from '../../contract/medium.ts'
import { CliError } from '../errors.ts'
import { printObject } from '../output.ts'
import type { OutputFormat } from '../output.ts'
import { progressLine } from '../progress.ts'
import { imageServer, lazyServer } from './site.ts'
import type { Gathered, Site } from './site.ts'

const TEMPLATES = join(import.meta.dirname, '../../../templates')
const SIGNALS = ['SIGINT', 'SIGTERM'] as const

export interface BuildOptions {
  out: string
  layout?: string
  confirm?: boolean
}

/** Builds from what `gather` brings; the file appears when it is whole, and an interrupt leaves nothing behind. */
export async function buildIso(
  command: Command,
  { out, layout, confirm = false }: BuildOptions,
  gather: (site: Site) => Promise<Gathered>,
): Promise<void> {
  const { output, dataDir } = command.optsWithGlobals<{ output: OutputFormat; dataDir?: string }>()
  const [{ buildInstaller }, { buildIsoKit }, { ImageDesk }, { withWorkFolder }, { writeIso }, { loadTemplates }] =
    await Promise.all([
      import('../../../boot-assets/installer/build.ts'),
      import('../../../boot-assets/iso/kit.ts'),
      import('../../../boot-assets/iso/image-desk.ts'),
      import('../../../boot-assets/iso/work-folder.ts'),
      import('../../../boot-assets/iso/write.ts'),
      import('../../render/templates.ts'),
    ])
  const line = progressLine()
  const log = (text: string) => {
    line.end()
    console.error(text)
  }
  const interrupted = new AbortController()
  const interrupt = () => interrupted.abort(new CliError('interrupted; nothing was written'))
  for (const name of SIGNALS) process.once(name, interrupt)
  const { signal } = interrupted
  await using server = lazyServer(dataDir)
  try {
    const { iso, medium } = await withWorkFolder(out, async (folder) => {
      await using desk = new ImageDesk({
        work: folder,
        ...(layout !== undefined && { layout }),
        server: async () => imageServer(await server.find()),
        onProgress: (reference, bytes, totalBytes) => line.update(bytes, totalBytes, `fetching ${reference}`),
        signal,
      })
      const gathered = await gather({ desk, server: server.find })
      line.end()
      const installer = await buildInstaller({ arch: 'amd64', log })
      const kit = await buildIsoKit({ log })
      const templates = await loadTemplates(TEMPLATES)
      signal.throwIfAborted()
      const onProgress = (step: string, bytes: number, totalBytes: number) => line.update(bytes, totalBytes, step)
      const contents = { ...gathered, installer, confirm }
      return { ...gathered, iso: await writeIso(contents, out, folder, { kit, templates, onProgress, signal }) }
    })
    line.end()
    const { label, bytes } = iso
    printObject(output, { file: out, label, bytes, entries: medium.entries.map(summaryOf) }, [
      ['File', `${out}, ${formatBytes(bytes)}`],
      ['Label', label],
      ...medium.entries.map(({ name, image }): [string, string] => ['Installs', `${name}: ${image.digest}`]),
      ...(medium.server ? [['Others ask', medium.server.url] as [string, string]] : []),
    ])
  } catch (error) {
    throw signal.aborted ? signal.reason : error
  } finally {
    line.end()
    for (const name of SIGNALS) process.removeListener(name, interrupt)
  }
}

function summaryOf({ name, machines, image }: MediumEntry) {
  return { name, ...machines, image: image.targetReference, digest: image.digest }
}
