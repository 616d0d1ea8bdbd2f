// What an offline ISO of the demo image costs, against xorriso alone on the same files.
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { buildInstaller } from '../../boot-assets/installer/build.ts'
import { takeImage } from '../../boot-assets/iso/image.ts'
import { buildIsoKit } from '../../boot-assets/iso/kit.ts'
import { layoutShelf } from '../../boot-assets/iso/layout-shelf.ts'
import { withWorkFolder } from '../../boot-assets/iso/work-folder.ts'
import { writeIso } from '../../boot-assets/iso/write.ts'
import { loadTemplates } from '../../server/render/templates.ts'
import { MachineSpec } from '../../server/contract/spec.ts'
import { buildDemoImages, DEMO_REPOSITORY } from '../images/demo-image.ts'
import { median } from './result.ts'
import type { Bench } from './result.ts'

const RUNS = 5
const RATIO_GOAL = 1.5

export const iso: Bench = {
  name: 'iso',
  about: 'time and size of an offline ISO of the demo image',
  async run(say) {
    const { layout } = await buildDemoImages({ log: say })
    const installer = await buildInstaller({ arch: 'amd64', log: say })
    const kit = await buildIsoKit({ log: say })
    const templates = await loadTemplates(resolve(import.meta.dirname, '../../templates'))
    const folder = await mkdtemp(join(tmpdir(), 'landfall-bench-iso-'))
    const reference = { repository: DEMO_REPOSITORY, tag: '1' }
    const output = join(folder, 'ours.iso')

    /** All of it: reading and checking the image, boot records, the ISO, its checksum. */
    const ours = () =>
      withWorkFolder(output, async (work) => {
        const shelf = await layoutShelf(layout, join(work, 'images'))
        const image = await takeImage(shelf, reference, `registry.example/${DEMO_REPOSITORY}:1`)
        const entry = { name: 'demo', spec: MachineSpec.parse({}), image: image.order }
        const contents = {
          medium: { version: 1 as const, entries: [entry] },
          images: [image],
          installer,
          confirm: false,
        }
        const { bytes } = await writeIso(contents, output, work, { kit, templates })
        return { bytes, files: [installer.vmlinuz, installer.initrd, ...image.blobs.map(({ file }) => file)] }
      })

    try {
      const { bytes, files } = await ours()
      const plain = () => xorriso(kit, files, join(folder, 'plain.iso'))
      await plain()
      const seconds: { ours: number[]; plain: number[] } = { ours: [], plain: [] }
      for (let run = 1; run <= RUNS; run++) {
        say(`run ${run} of ${RUNS}`)
        seconds.ours.push(await timed(ours))
        seconds.plain.push(await timed(plain))
      }
      const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size))
      const total = sizes.reduce((sum, size) => sum + size, 0)
      const peer = { name: 'xorriso -as mkisofs', value: median(seconds.plain) }
      return [
        {
          metric: 'build_time',
          unit: 'seconds',
          value: median(seconds.ours),
          runs: RUNS,
          peer,
          goal: RATIO_GOAL,
          isRatio: true,
        },
        { metric: 'size_bytes', unit: 'bytes', value: bytes, runs: 1, peer: { name: 'files inside', value: total } },
      ]
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
}

/** The same files in a plain ISO that boots nothing. */
async function xorriso(
  kit: Awaited<ReturnType<typeof buildIsoKit>>,
  files: readonly string[],
  output: string,
): Promise<void> {
  await mkdir(join(output, '..'), { recursive: true })
  await rm(output, { force: true })
  const grafts = files.map((file, index) => `/${index}=${file}`)
  await kit.run('xorriso', ['-as', 'mkisofs', '-R', '-iso-level', '3', '-o', output, '-graft-points', ...grafts])
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work()
  return (performance.now() - started) / 1000
}
