// The stages of an install by the engine "bootc", from the image's root off the target to the boot menu.
import { join } from 'node:path'
import type { Facts } from '../../../server/contract/facts.ts'
import { mountScratch, scratchFolder, unmountScratch } from '../bootc/scratch.ts'
import { ImageTree } from '../deployment/tree.ts'
import type { Target } from '../disk/target.ts'
import type { InstallOrder } from '../link/task-source.ts'
import type { Reporter } from '../report/reporter.ts'
import type { Host } from '../sys/host.ts'
import { installByBootc, requireServer } from './bootc-install.ts'
import { addFirmwareEntries } from './bootloader.ts'
import { configure } from './configure.ts'
import type { Deployment } from './deploy.ts'
import { fetchImage } from './fetch.ts'
import { noteMedium } from './note-medium.ts'
import type { ResolvedImage } from './resolve.ts'

export interface BootcEngineOptions {
  host: Host
  order: InstallOrder
  report: Reporter
  signal: AbortSignal
  facts: Facts
  target: Target
  image: ResolvedImage
  /** An empty folder, for mounts. */
  stage: string
}

/**
 * The image is unpacked in memory, or on a scratch partition, as the other engine would do it on disk; then its bootc takes over. Its boot
 * loader comes before the configuration, other than there: a cut of the power between the two leaves a system that starts, but is not
 * configured.
 */
export async function installThroughBootc(options: BootcEngineOptions): Promise<string> {
  const { host, order, report, signal, target, image, stage } = options
  const scratch = scratchFolder(stage)
  try {
    const commit = await report.step(
      'fetch',
      `unpacking ${image.targetReference} for its own bootc`,
      async () => {
        await mountScratch(host, target, scratch)
        const { images, task } = order
        const [readLayers, onProgress, say] = [task.readLayers, report.progress(), report.say]
        const fetched = await fetchImage({ image, images, readLayers, mountPoint: scratch, signal, onProgress, say })
        await fetched.flushed
        return fetched.mergeCommit
      },
      image.totalBytes,
    )
    const tree = await ImageTree.complete(host, { target: target.mountPoint, commit, stage, store: scratch })
    return await finish(options, tree, scratch)
  } finally {
    await unmountScratch(host, scratch).catch((error: Error) => report.warn(error.message))
  }
}

async function finish(options: BootcEngineOptions, tree: ImageTree, scratch: string): Promise<string> {
  const { host, order, report, signal, target, image, facts } = options
  const { task, confirmation, medium } = order
  const { say, warn } = report
  signal.throwIfAborted()
  const atBootloader = Promise.withResolvers<void>()
  const installed = { made: undefined as (Deployment & { id: string }) | undefined }
  const running = installByBootc({
    host,
    tree,
    scratch,
    image,
    signal,
    say,
    mountPoint: target.mountPoint,
    spec: task.spec,
    server: requireServer(confirmation),
    pullToken: task.pullToken,
    onBootloader: atBootloader.resolve,
  }).then((made) => void (installed.made = made))
  await report.step('deploy', "the image's own bootc installs it", () => Promise.race([atBootloader.promise, running]))
  await report.step('bootloader', 'bootc makes the disk bootable', async () => {
    await running
    const { architecture } = facts
    if (target.plan.firmware === 'uefi') await addFirmwareEntries({ host, target, tree, architecture, say, warn })
    if (medium !== undefined) await noteMedium(target, medium)
  })
  const deployment = installed.made!
  tree.etc = join(deployment.path, 'etc')
  signal.throwIfAborted()
  await report.step('configure', 'writing host name, keys and what else the spec sets', () =>
    configure({
      deployment,
      tree,
      confirmation,
      say,
      warn,
      target: target.mountPoint,
      spec: task.spec,
      installId: task.installId,
      targetReference: image.targetReference,
      files: [],
      storageFiles: [],
      // Its origin is bootc's, and that says nothing of signatures.
      enforcement: undefined,
    }),
  )
  return deployment.id
}
