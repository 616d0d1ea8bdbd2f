// One install from task to reboot: the order of its stages, and what happens when one fails.
import type { Facts } from '../../../server/contract/facts.ts'
import type { Failure } from '../../../server/contract/install.ts'
import type { DiskPlan } from '../../../server/contract/plan.ts'
import type { MachineSpec } from '../../../server/contract/spec.ts'
import { chooseEngine } from '../bootc/engine.ts'
import { requireMemory } from '../bootc/scratch.ts'
import type { Console } from '../console.ts'
import { forgetMachine } from '../deployment/forget.ts'
import { withIgnitionArguments } from '../deployment/ignition.ts'
import { ImageTree } from '../deployment/tree.ts'
import { eraseDisk } from '../disk/erase.ts'
import type { Target } from '../disk/target.ts'
import { AgentError, toFailure } from '../errors.ts'
import type { InstallOrder } from '../link/task-source.ts'
import { EventClient } from '../report/event-client.ts'
import { Reporter } from '../report/reporter.ts'
import type { Host } from '../sys/host.ts'
import { installThroughBootc } from './bootc-engine.ts'
import { requireServer } from './bootc-install.ts'
import { installBootloader } from './bootloader.ts'
import { configure } from './configure.ts'
import { deploy } from './deploy.ts'
import { fetchImage } from './fetch.ts'
import { finalize } from './finalize.ts'
import { loadInstalledKernel } from './kexec.ts'
import { noteMedium } from './note-medium.ts'
import { partitionDisk, unmountAll } from './partition.ts'
import { agreeOnPlan } from './plan.ts'
import { resolveImage } from './resolve.ts'
import type { ResolvedImage } from './resolve.ts'

export interface InstallContext {
  host: Host
  console: Console
  identify: () => Promise<Facts>
  planDisks: (spec: MachineSpec, facts: Facts) => DiskPlan | Failure
  /** Where the target is mounted, and an empty folder off it for the image's root. */
  mountPoint: string
  stage: string
  /** Peak resident set of this process, bytes. */
  peakRss: () => number
}

export type InstallOutcome =
  { state: 'installed'; finish: MachineSpec['finish'] } | { state: 'failed'; failure: Failure }

/**
 * Installs and reports. Never throws for a reason the server should know: such an install ends as `failed`, is reported
 * so, and leaves a disk that cannot be booted. When this returns, whoever gave the order has acknowledged all of it.
 */
export async function install(context: InstallContext, order: InstallOrder): Promise<InstallOutcome> {
  const { console } = context
  const { task, link } = order
  const cancel = new AbortController()
  const events = new EventClient({
    firstSeq: task.nextEvent,
    send: (request) => link.sendEvents(task.installId, request),
    onCancelled: (reason) => cancel.abort(new AgentError('CANCELLED', `the install was stopped: ${reason}`)),
  })
  const report = new Reporter(console, (event) => events.emit(event))
  try {
    const { mergeCommit, finish } = await runStages(context, order, report, cancel.signal)
    events.emit({ type: 'step-started', step: 'reboot', message: 'leaving the installer' })
    events.emit({ type: 'installed', mergeCommit, agentPeakRss: context.peakRss() })
    console.say('handing in the last of the report')
    await events.flush()
    return { state: 'installed', finish }
  } catch (error) {
    const failure = toFailure(cancel.signal.aborted ? cancel.signal.reason : error, report.current)
    console.failure('The installation failed', failure)
    events.emit({ type: 'failed', step: report.current, failure })
    await events.flush()
    return { state: 'failed', failure }
  }
}

/** The boot loader comes last of all that is written: cut the power at any moment before, and no firmware finds a system. */
async function runStages(
  context: InstallContext,
  order: InstallOrder,
  report: Reporter,
  signal: AbortSignal,
): Promise<{ mergeCommit: string; finish: MachineSpec['finish'] }> {
  const { host, console, mountPoint, stage } = context
  const { task, images, link } = order
  const spec = withIgnitionArguments(task.spec)
  const { say, warn } = report
  const facts = await report.step('identify', 'looking at the machine once more', () => context.identify())

  const { image, plan } = await report.step('plan', `checking ${task.image.targetReference}`, async () => {
    const resolved = await resolveImage(images, task.image, facts.architecture, (message) => warn(message), signal)
    if (chooseEngine(spec.engine, resolved.config) === 'bootc') {
      requireServer(order.confirmation)
      await requireMemory(host, resolved.manifest)
    }
    const planned = context.planDisks(spec, facts)
    const agreed = await agreeOnPlan(planned, console, (disks) => link.sendPlan(task.installId, disks, signal))
    signal.throwIfAborted()
    return { image: resolved, plan: agreed }
  })

  try {
    const target = await report.step('partition', `writing to ${plan.device}`, async () => {
      await unmountAll(host, mountPoint)
      return partitionDisk(host, plan, mountPoint, say)
    })
    signal.throwIfAborted()
    const leave = (mergeCommit: string) =>
      report.step('finalize', 'writing everything out', async () => {
        const reachable = spec.finish !== 'kexec' || (await loadInstalledKernel({ host, mountPoint, say, warn }))
        await finalize(host, target, say)
        return { mergeCommit, finish: reachable ? spec.finish : ('reboot' as const) }
      })
    if (chooseEngine(spec.engine, image.config) === 'bootc') {
      return await leave(await installThroughBootc({ host, order, report, signal, facts, target, image, stage }))
    }
    const { mergeCommit } = await report.step(
      'fetch',
      `streaming ${image.manifest.layers.length} layers of ${task.image.targetReference}`,
      () => fetchImage({ image, images, mountPoint, signal, onProgress: report.progress() }),
      image.totalBytes,
    )
    signal.throwIfAborted()
    const tree = await ImageTree.checkout(host, mountPoint, mergeCommit, stage)
    try {
      await finishInTree(context, order, report, signal, { facts, target, image, tree, mergeCommit })
    } catch (error) {
      // The first failure counts, not that of tidying up after it.
      await tree.remove().catch(() => {})
      throw error
    }
    await tree.remove()
    return await leave(mergeCommit)
  } catch (error) {
    await makeUnbootable(host, plan, mountPoint, warn)
    throw error
  }
}

/** The stages that run programs of the image. */
async function finishInTree(
  { host }: InstallContext,
  { task: { installId, spec: wanted, diskImage }, confirmation, medium }: InstallOrder,
  report: Reporter,
  signal: AbortSignal,
  made: { facts: Facts; target: Target; image: ResolvedImage; tree: ImageTree; mergeCommit: string },
): Promise<void> {
  const { facts, target, image, tree, mergeCommit } = made
  const spec = withIgnitionArguments(wanted)
  const { say, warn } = report
  const deployment = await report.step('deploy', `deploying commit ${mergeCommit.slice(0, 12)}`, () =>
    deploy({ target, tree, image, spec, mergeCommit, say }),
  )
  tree.etc = `${deployment.path}/etc`
  signal.throwIfAborted()
  await report.step('configure', 'writing host name, keys and what else the spec sets', async () => {
    const named = { installId, targetReference: image.targetReference, files: diskImage?.files ?? [] }
    await configure({ target: target.mountPoint, deployment, tree, spec, confirmation, ...named, say, warn })
    if (diskImage) await forgetMachine(deployment.path)
  })
  signal.throwIfAborted()
  await report.step('bootloader', 'making the disk bootable', async () => {
    const { architecture, secureBoot, firmware } = facts
    const { consoles } = spec
    const aims = { firmware: diskImage?.firmware ?? [firmware], bootEntry: diskImage === undefined }
    await installBootloader({ host, target, tree, architecture, secureBoot, consoles, ...aims, say, warn })
    if (medium !== undefined) await noteMedium(target, medium)
  })
}

/** Best effort: the first failure is what counts, and what cannot be erased now was not bootable before the last stage. */
async function makeUnbootable(
  host: Host,
  plan: DiskPlan,
  mountPoint: string,
  warn: (text: string) => void,
): Promise<void> {
  try {
    await unmountAll(host, mountPoint).catch((error: Error) => warn(error.message))
    await eraseDisk(host, `/dev/${plan.disk.name}`, plan.disk)
    warn(`the partition table of ${plan.disk.name} was erased: nothing half-installed can boot`)
  } catch (error) {
    warn(`erasing ${plan.disk.name} after the failure: ${(error as Error).message}`)
  }
}
