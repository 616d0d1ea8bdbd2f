// Builds an ISO of whatever kind, with progress, and leaves nothing half-done.
import { join } from 'node:path'
import type { Command } from 'commander'
import type { IsoKit } from '../../../boot-assets/iso/kit.ts'
import { formatBytes } from '../../contract/bytes.ts'
import type { MediumEntry } from '../../contract/medium.ts'
import { CliError } from '../errors.ts'
import { printObject } from '../output.ts'
import { progressLine } from '../progress.ts'
import type { Templates } from '../../render/templates.ts'
import type { CommonOptions } from '../commands/context.ts'
import { imageServer, lazyServer } from './site.ts'
import type { Gathered, Site } from './site.ts'

const TEMPLATES = join(import.meta.dirname, '../../../templates')
const SIGNALS = ['SIGINT', 'SIGTERM'] as const

export interface BuildOptions {
  out: string
  layout?: string
  confirm?: boolean
}

/** What the making of an ISO has at hand. */
export interface IsoJob extends Site {
  /** An empty folder on the file system of the ISO, removed at the end. */
  folder: string
  kit: IsoKit
  templates: Templates
  log: (text: string) => void
  onProgress: (step: string, bytes: number, totalBytes: number) => void
  signal: AbortSignal
}

/** Builds from what `gather` brings; the file appears when it is whole, and an interrupt leaves nothing behind. */
export async function buildIso(
  command: Command,
  options: BuildOptions,
  gather: (site: Site) => Promise<Gathered>,
): Promise<void> {
  const { out, confirm = false } = options
  await isoJob(command, options, async (job) => {
    const [{ buildInstaller }, { writeIso }] = await Promise.all([
      import('../../../boot-assets/installer/build.ts'),
      import('../../../boot-assets/iso/write.ts'),
    ])
    const gathered = await gather(job)
    const installer = await buildInstaller({ arch: 'amd64', log: job.log })
    job.signal.throwIfAborted()
    const { label, bytes } = await writeIso({ ...gathered, installer, confirm }, out, job.folder, job)
    const { entries, server } = gathered.medium
    return {
      value: { file: out, label, bytes, entries: entries.map(summaryOf) },
      rows: [
        ['File', `${out}, ${formatBytes(bytes)}`],
        ['Label', label],
        ...entries.map(({ name, image }): [string, string] => ['Installs', `${name}: ${image.digest}`]),
        ...(server ? [['Others ask', server.url] as [string, string]] : []),
      ],
    }
  })
}

/** Runs the work with progress and interrupts looked after, and prints what it returns. */
export async function isoJob(
  command: Command,
  { out, layout }: BuildOptions,
  work: (job: IsoJob) => Promise<{ value: unknown; rows: [string, string][] }>,
): Promise<void> {
  const { output, ...access } = command.optsWithGlobals<CommonOptions>()
  const [{ buildIsoKit }, { ImageDesk }, { withWorkFolder }, { loadTemplates }] = await Promise.all([
    import('../../../boot-assets/iso/kit.ts'),
    import('../../../boot-assets/iso/image-desk.ts'),
    import('../../../boot-assets/iso/work-folder.ts'),
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
  await using server = lazyServer(access)
  try {
    const { value, rows } = await withWorkFolder(out, async (folder) => {
      await using desk = new ImageDesk({
        work: folder,
        ...(layout !== undefined && { layout }),
        server: async () => imageServer(await server.find()),
        onProgress: (reference, bytes, totalBytes) => line.update(bytes, totalBytes, `fetching ${reference}`),
        signal,
      })
      const onProgress = (step: string, bytes: number, totalBytes: number) => line.update(bytes, totalBytes, step)
      const kit = await buildIsoKit({ log })
      const templates = await loadTemplates(TEMPLATES)
      return work({ desk, server: server.find, folder, kit, templates, log, onProgress, signal })
    })
    line.end()
    printObject(output, value, rows)
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
