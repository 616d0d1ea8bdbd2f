// One install from task to reboot: the order of its stages, and what happens when one fails.
import { join } from 'node:path'
import type { Facts } from '../../../server/contract/facts.ts'
import type { Failure } from '../../../server/contract/install.ts'
import type { StoragePlan } from '../../../server/contract/plan.ts'
import type { MachineSpec } from '../../../server/contract/spec.ts'
import { preservedVolumes } from '../../../server/plan/kept.ts'
import { placesOf } from '../../../server/plan/plan-disks.ts'
import type { PlanFacts } from '../../../server/plan/plan-disks.ts'
import { withScratch } from '../../../server/plan/scratch.ts'
import { chooseEngine, requirePlainDisk } from '../bootc/engine.ts'
import { giveBackScratch, scratchFolder, scratchSize, unmountScratch } from '../bootc/scratch.ts'
import type { Console } from '../console.ts'
import { forgetMachine } from '../deployment/forget.ts'
import { labelRoot } from '../deployment/label-root.ts'
import { withIgnitionArguments } from '../deployment/ignition.ts'
import { systemFolders } from '../deployment/system-path.ts'
import { ImageTree } from '../deployment/tree.ts'
import { tpm2Files } from '../deployment/tpm2.ts'
import { eraseDisk } from '../disk/erase.ts'
import { newRecoveryKey } from '../disk/keys.ts'
import type { Keys } from '../disk/layers.ts'
import { lookInside } from '../disk/look-inside.ts'
import { unmountLeftovers } from '../disk/mounts.ts'
import type { Target } from '../disk/target.ts'
import type { Enforcement } from '../deployment/trust-files.ts'
import { AgentError, toFailure } from '../errors.ts'
import type { InstallOrder } from '../link/task-source.ts'
import type { ImportResult } from '../ostree/import-image.ts'
import { Repo } from '../ostree/repo.ts'
import { UnfinishedNote } from '../ostree/reuse.ts'
import { EventClient } from '../report/event-client.ts'
import { Reporter } from '../report/reporter.ts'
import type { Host } from '../sys/host.ts'
import { installThroughBootc } from './bootc-engine.ts'
import { requireServer } from './bootc-install.ts'
import { installBootloader } from './bootloader.ts'
import { configure } from './configure.ts'
import type { ConfigureOptions } from './configure.ts'
import { deploy } from './deploy.ts'
import { fetchImage } from './fetch.ts'
import { finalize, release } from './finalize.ts'
import { loadInstalledKernel } from './kexec.ts'
import { measureLayers } from './measure.ts'
import { memoryText } from './memory.ts'
import { noteMedium } from './note-medium.ts'
import { withVolumes } from './own-volumes.ts'
import { makeStorage } from './partition.ts'
import { agreeOnPlan } from './plan.ts'
import { resolveImage } from './resolve.ts'
import type { ResolvedImage } from './resolve.ts'
import { verifyTrust } from './verify.ts'
import { seedVolumes } from './volumes.ts'

export interface InstallContext {
  host: Host
  console: Console
  identify: () => Promise<Facts>
  planDisks: (spec: MachineSpec, facts: PlanFacts, seed: string) => StoragePlan | Failure
  /** Where the target is mounted, a folder off it for its other file systems, and an empty one for the image's root. */
  mountPoint: string
  volumes: string
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
  const report = new Reporter(console, events)
  try {
    const { mergeCommit, finish } = await runStages(context, withKernelArguments(order), report, cancel.signal)
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

/** The order with all kernel arguments that follow from its spec: no stage has to think of them. */
function withKernelArguments(order: InstallOrder): InstallOrder {
  return { ...order, task: { ...order.task, spec: withIgnitionArguments(order.task.spec) } }
}

/** The boot loader comes last of all that is written: cut the power at any moment before, and no firmware finds a system. */
async function runStages(
  context: InstallContext,
  order: InstallOrder,
  report: Reporter,
  signal: AbortSignal,
): Promise<{ mergeCommit: string; finish: MachineSpec['finish'] }> {
  const { host, console, mountPoint, volumes, stage } = context
  const { task, images, link } = order
  const { spec } = task
  const { say, warn } = report
  const facts = await report.step('identify', 'looking at the machine once more', async () => {
    // What an agent that was killed has left mounted makes its disk look taken.
    await unmountLeftovers(host, volumes)
    await unmountLeftovers(host, mountPoint)
    await unmountScratch(host, scratchFolder(stage))
    return context.identify()
  })

  const keys = keysFor(spec)
  const { image, engine, plan, lasting, enforcement, opening } = await report.step(
    'plan',
    `checking ${task.image.targetReference}`,
    async () => {
      const resolved = await resolveImage(images, task.image, facts.architecture, (message) => warn(message), signal)
      const enforcement = await verifyTrust({ trust: task.trust, image: resolved, say })
      await measureLayers(images, resolved, warn, signal)
      const engine = chooseEngine(spec.engine, resolved.config)
      if (engine === 'bootc') {
        requireServer(order.confirmation)
        requirePlainDisk(spec.disks)
        if (enforcement) warn('bootc leaves a system that does not hold later images against the policy itself')
      }
      const look = await lookInside({
        host,
        places: placesOf(spec, facts),
        volumes: preservedVolumes(spec.disks).map(({ name }) => name),
        keys: [spec.disks.encryption?.passphrase ?? [], task.formerKeys ?? []].flat(),
        newKeys: keys?.all.length ?? 0,
        say,
      })
      const planned = context.planDisks(spec, { ...facts, insides: look.insides }, task.installId)
      const scratch = engine === 'bootc' ? await scratchSize(host, resolved.manifest) : undefined
      const meanwhile =
        scratch === undefined || 'code' in planned ? planned : withScratch(planned, scratch, task.installId)
      const agreed = await agreeOnPlan(meanwhile, console, (disks) => link.sendPlan(task.installId, disks, signal))
      signal.throwIfAborted()
      const lasting = 'code' in planned ? agreed : planned
      return { image: resolved, engine, plan: agreed, lasting, enforcement, opening: look.opening }
    },
  )

  if (keys?.recovery !== undefined) {
    say('handing over the recovery key of the disks')
    await link.sendRecoveryKey(task.installId, keys.recovery, signal)
  }
  try {
    const devices = plan.disks.map(({ device }) => device).join(', ')
    const target = await report.step('partition', `writing to ${devices}`, () =>
      makeStorage({
        host,
        plan,
        mountPoint,
        volumes,
        secrets: { keys: keys?.all, opening },
        say,
        onErasing: report.erasing,
        onErased: report.erased,
        signal,
      }),
    )
    signal.throwIfAborted()
    const leave = (mergeCommit: string) =>
      report.step('finalize', 'writing everything out', async () => {
        say(memoryText(context.peakRss(), await host.read('/proc/pressure/memory')))
        await giveBackScratch(host, target, lasting)
        const reachable = spec.finish !== 'kexec' || (await loadInstalledKernel({ host, mountPoint, say, warn }))
        await finalize(host, target, say)
        return { mergeCommit, finish: reachable ? spec.finish : ('reboot' as const) }
      })
    if (engine === 'bootc') {
      return await leave(await installThroughBootc({ host, order, report, signal, facts, target, image, stage }))
    }
    const note = new UnfinishedNote(Repo.init(join(mountPoint, 'ostree/repo')))
    note.write()
    const imported = await report.step(
      'fetch',
      `streaming ${image.manifest.layers.length} layers of ${task.image.targetReference}`,
      () =>
        fetchImage({
          image,
          images,
          readLayers: task.readLayers,
          mountPoint,
          signal,
          onProgress: report.progress(),
          say,
        }),
      image.totalBytes,
    )
    const mergeCommit = await withTree(context, imported, (tree) => {
      signal.throwIfAborted()
      return finishInTree(context, order, report, signal, { facts, target, image, tree, imported, enforcement, keys })
    })
    note.remove()
    return await leave(mergeCommit)
  } catch (error) {
    await makeUnbootable(context, plan, warn)
    throw error
  }
}

/** Runs `work` with a tree of what was imported, and leaves nothing behind that would hold the disk. */
async function withTree<T>(
  { host, mountPoint, stage }: InstallContext,
  { mergeCommit, flushed }: ImportResult,
  work: (tree: ImageTree) => Promise<T>,
): Promise<T> {
  try {
    const tree = await ImageTree.forOstree(host, { target: mountPoint, commit: mergeCommit, stage })
    let result: T
    try {
      result = await work(tree)
    } catch (error) {
      // The first failure counts, not that of tidying up after it.
      await tree.remove().catch(() => {})
      throw error
    }
    await tree.remove()
    return result
  } finally {
    // Its failure was heard by the deployment, unless that failed itself.
    await flushed.catch(() => {})
  }
}

/** The stages that run programs of the image. Returns the commit that was deployed. */
async function finishInTree(
  { host }: InstallContext,
  { task: { installId, spec, diskImage }, confirmation, medium }: InstallOrder,
  report: Reporter,
  signal: AbortSignal,
  made: {
    facts: Facts
    target: Target
    image: ResolvedImage
    tree: ImageTree
    imported: ImportResult
    enforcement: Enforcement | undefined
    keys: DiskKeys | undefined
  },
): Promise<string> {
  const { facts, target, image, tree, imported, enforcement, keys } = made
  const { say, warn } = report
  const deployment = await report.step('deploy', `deploying commit ${imported.mergeCommit.slice(0, 12)}`, async () => {
    const deployed = await deploy({
      target,
      tree,
      image,
      spec,
      imported,
      enforced: enforcement !== undefined,
      say,
      warn,
    })
    await seedVolumes(host, target, say)
    return deployed
  })
  signal.throwIfAborted()
  await report.step('configure', 'writing host name, keys and what else the spec sets', async () => {
    const { targetReference } = image
    const { var: state } = await systemFolders(tree.path, deployment.path)
    const work: ConfigureOptions = {
      target: target.mountPoint,
      deployment,
      tree,
      spec,
      installId,
      targetReference,
      confirmation,
      enforcement: enforcement && { ...enforcement, targetReference },
      files: diskImage?.files ?? [],
      storageFiles: keys?.enrolment === undefined ? [] : tpm2Files(target.plan, keys.enrolment),
      say,
      warn,
    }
    await withVolumes(host, target, state, () => configure(work))
    if (diskImage) await forgetMachine(deployment.path)
  })
  signal.throwIfAborted()
  await report.step('bootloader', 'making the disk bootable', async () => {
    const { architecture, secureBoot, firmware } = facts
    const { consoles } = spec
    const aims = { firmware: diskImage?.firmware ?? [firmware], bootEntry: diskImage === undefined }
    await installBootloader({ host, target, tree, architecture, secureBoot, consoles, ...aims, say, warn })
    if (medium !== undefined) await noteMedium(target, medium)
    await labelRoot(Repo.open(join(target.mountPoint, 'ostree/repo')), deployment.mergeCommit, target.mountPoint)
  })
  return deployment.mergeCommit
}

/** Best effort: the first failure is what counts, and what cannot be erased now was not bootable before the last stage. */
async function makeUnbootable(
  { host, mountPoint, volumes }: Pick<InstallContext, 'host' | 'mountPoint' | 'volumes'>,
  plan: StoragePlan,
  warn: (text: string) => void,
): Promise<void> {
  await release(host, { plan, mountPoint, volumes }).catch((error: Error) => warn(error.message))
  for (const planned of plan.disks) {
    const { name } = planned.disk
    try {
      await eraseDisk(host, `/dev/${name}`, planned)
      warn(`what made ${name} bootable was erased: nothing half-installed can boot`)
    } catch (error) {
      warn(`erasing ${name} after the failure: ${(error as Error).message}`)
    }
  }
}

interface DiskKeys {
  /** The person's own first. */
  all: Keys
  /** Kept by the server until somebody has seen it. */
  recovery: string | undefined
  /** By which the deployed system binds its disks to the TPM. */
  enrolment: string | undefined
}

function keysFor({ disks: { encryption } }: MachineSpec): DiskKeys | undefined {
  if (encryption === undefined) return undefined
  const recovery = encryption.recoveryKey ? newRecoveryKey() : undefined
  const enrolment = encryption.tpm2 ? newRecoveryKey() : undefined
  const further = [recovery, enrolment].filter((key) => key !== undefined)
  return { all: [encryption.passphrase, ...further], recovery, enrolment }
}
