// A distribution's own ISO with a kickstart inside: installs an image by Anaconda, with the image on it or from its registry.
import { join } from 'node:path'
import type { Command } from 'commander'
import type { IsoImage } from '../../../boot-assets/iso/image.ts'
import { formatBytes } from '../../contract/bytes.ts'
import { MachineSpec } from '../../contract/spec.ts'
import type { KickstartInput } from '../../kickstart/variables.ts'
import { CliError } from '../errors.ts'
import { isoJob } from './build.ts'
import type { BuildOptions, IsoJob } from './build.ts'
import { gatherOffline } from './offline.ts'
import type { OfflineOptions } from './offline.ts'

export interface AnacondaOptions extends BuildOptions, OfflineOptions {
  /** The distribution's ISO. */
  iso: string
  /** The machine pulls the image from its registry, so that the ISO need not hold it. */
  pull?: boolean
}

const WAIT_SECONDS = 10

export async function buildAnacondaIso(command: Command, options: AnacondaOptions): Promise<void> {
  const { iso: path, out, pull = false, confirm = false } = options
  const [{ openAnacondaIso }, { CONTAINER, MEDIUM_ROOT, REMASTERED_FILES, remasterIso }, { describeSelector }] =
    await Promise.all([
      import('../../../boot-assets/iso/anaconda-iso.ts'),
      import('../../../boot-assets/iso/remaster.ts'),
      import('../../../boot-assets/iso/menu.ts'),
    ])
  await isoJob(command, options, async (job) => {
    const iso = await openAnacondaIso(job.kit, path, REMASTERED_FILES, join(job.folder, 'before'))
    const { medium, images } = await gatherOffline(job, options)
    const { name, spec, report } = medium.entries[0]!
    const image: IsoImage = images[0]!
    const { targetReference: reference } = image.order
    const kickstart = await render(job, {
      machine: { name },
      generation: 1,
      release: spec.kickstart.release ?? iso.release,
      spec: MachineSpec.parse({ ...spec, installer: 'anaconda' }),
      facts: undefined,
      source: pull ? { kind: 'registry', reference } : { kind: 'oci', path: `${MEDIUM_ROOT}/${CONTAINER}`, reference },
      bootDevice: 'link',
      ...(report && { report: { ...report, installId: report.installId } }),
    })
    const loss = describeSelector(spec.disks.disk)
    const entry = {
      title: `Install ${name}, wiping ${loss}`,
      arguments: ['inst.cmdline', 'inst.nosave=all_ks', ...spec.consoles.map((console) => `console=${console}`)],
      seconds: confirm ? undefined : WAIT_SECONDS,
    }
    const { label, bytes } = await remasterIso({ iso, kickstart, entry, ...(!pull && { image }) }, out, job.folder, job)
    return {
      value: { file: out, label, bytes, installer: iso.product, image: reference, digest: image.order.digest },
      rows: [
        ['File', `${out}, ${formatBytes(bytes)}`],
        ['Label', label],
        ['Installer', `Anaconda of ${iso.product}`],
        ['Installs', `${name}: ${image.order.digest}`],
        ['Wipes', loss],
      ],
    }
  })
}

async function render({ templates }: IsoJob, input: KickstartInput): Promise<string> {
  const [{ renderKickstart }, { KickstartError }] = await Promise.all([
    import('../../kickstart/render.ts'),
    import('../../kickstart/errors.ts'),
  ])
  try {
    return renderKickstart(templates, input).text
  } catch (cause) {
    if (!(cause instanceof KickstartError)) throw cause
    const { message, hint } = cause
    throw new CliError(message, { exitCode: 2, cause, ...(hint !== undefined && { hint }) })
  }
}
