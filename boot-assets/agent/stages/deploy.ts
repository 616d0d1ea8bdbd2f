// Turns the imported commit into a deployment, by the image's own ostree (ostree-container-deploy 1.5 to 1.9).
import { chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { release } from 'node:os'
import { join, relative } from 'node:path'
import type { StoragePlan } from '../../../server/contract/plan.ts'
import type { MachineSpec } from '../../../server/contract/spec.ts'
import { alephText, originText } from '../deployment/files.ts'
import { kernelArguments } from '../deployment/kernel-arguments.ts'
import { boundImages } from '../deployment/bound-images.ts'
import { labelFiles } from '../deployment/labels.ts'
import { fstabText, initramfsNeeds, rootFlags, storageArguments } from '../deployment/storage-boot.ts'
import type { ImageTree } from '../deployment/tree.ts'
import { filesystemAt, findFilesystemAt } from '../disk/target.ts'
import type { Target } from '../disk/target.ts'
import { AgentError } from '../errors.ts'
import { verityRequired } from '../ostree/prepare-root.ts'
import { relabel } from '../ostree/relabel.ts'
import type { ImportResult } from '../ostree/import-image.ts'
import { Repo } from '../ostree/repo.ts'
import { CommandError } from '../sys/command.ts'
import type { ResolvedImage } from './resolve.ts'

export const STATEROOT = 'default'

export interface DeployOptions {
  target: Target
  tree: ImageTree
  image: ResolvedImage
  spec: MachineSpec
  imported: Pick<ImportResult, 'mergeCommit' | 'imageRef' | 'derived' | 'addedToOthers' | 'flushed'>
  /** The system holds later images against a policy of its own. */
  enforced: boolean
  say: (text: string) => void
  warn: (text: string) => void
}

export interface Deployment {
  /** Folder of the deployment on the mounted target. */
  path: string
  kernelArguments: string[]
}

export interface Deployed extends Deployment {
  /** The labelled one, where the image has an SELinux policy. */
  mergeCommit: string
}

/**
 * Deploys the merge commit as the only deployment, and settles the tree in it. What was imported is on the disk afterwards. Throws AgentError
 * IMAGE_NOT_BOOTABLE, DEPLOY_FAILED; CommandError; OstreeError.
 */
export async function deploy(options: DeployOptions): Promise<Deployed> {
  const { target, tree, image, spec, imported, enforced, say, warn } = options
  await initialiseSysroot(target.mountPoint)
  await startOstree(tree, say)
  await checkTree(tree)
  const verity = await needsVerity(tree, target.plan)
  const repo = Repo.open(join(target.mountPoint, 'ostree/repo'))
  const mergeCommit = await relabel(repo, imported, (folder, policy) => commitLabelled(options, folder, policy))
  if (mergeCommit !== imported.mergeCommit) say(`labelled by the image's SELinux policy: commit ${mergeCommit}`)
  if (verity)
    await tree.run('ostree', ['config', '--repo=/sysroot/ostree/repo', 'set', 'ex-integrity.fsverity', 'true'])

  const kargs = kernelArguments({
    architecture: image.config.architecture,
    storage: storageArguments(target.plan, spec.disks.encryption?.tpm2 ?? false),
    rootUuid: filesystemAt(target.plan, '/').uuid,
    rootFlags: rootFlags(target.plan),
    bootUuid: findFilesystemAt(target.plan, '/boot')?.uuid,
    installConfig: await tree.readToml('usr/lib/bootc/install'),
    kargsD: await tree.readToml('usr/lib/bootc/kargs.d'),
    consoles: spec.consoles,
    own: spec.kernelArguments,
  })
  say(`kernel arguments: ${kargs.join(' ')}`)
  const origin = await writeOrigin(target.mountPoint, originText(image.targetReference, enforced))
  // The file system is flushed as a whole before it is unmounted.
  await repo.withoutFsync(() =>
    tree.run(
      'ostree',
      [
        'admin',
        'deploy',
        '--sysroot=/sysroot',
        `--os=${STATEROOT}`,
        '--no-merge',
        // To find what nothing refers to it would look at every object.
        ...(imported.addedToOthers || mergeCommit !== imported.mergeCommit ? [] : ['--no-prune']),
        '--karg-none',
        ...kargs.map((argument) => `--karg-append=${argument}`),
        `--origin-file=${origin.inSandbox}`,
        imported.imageRef,
      ],
      { timeout: 900_000, onLine: say },
    ),
  )
  await rm(origin.path)
  if (verity) {
    say('the image wants fs-verity: protecting every file')
    await tree.run('ostree', ['admin', 'post-copy', '--sysroot=/sysroot'], { timeout: 900_000 })
  }
  const path = await findDeployment(target.mountPoint, mergeCommit)
  await tree.settle(path, mergeCommit)
  await checkInitramfs(tree, target.plan, say)
  const bound = await boundImages(tree)
  if (bound.length > 0) warn(`bound images are not installed with the system: let it pull ${bound.join(', ')}`)
  await addBootcFiles(options, path)
  await imported.flushed
  return { path, mergeCommit, kernelArguments: kargs }
}

/** Has the image's ostree commit a folder of the target with the labels of a policy that lies there, too. */
async function commitLabelled({ tree, target }: DeployOptions, folder: string, policy: string): Promise<string> {
  const inSandbox = (path: string): string => join('/sysroot', relative(target.mountPoint, path))
  const { stdout } = await tree.run(
    'ostree',
    [
      'commit',
      '--repo=/sysroot/ostree/repo',
      '--orphan',
      '--no-bindings',
      '--timestamp=@0',
      '--fsync=false',
      '--link-checkout-speedup',
      `--tree=dir=${inSandbox(folder)}`,
      `--selinux-policy=${inSandbox(policy)}`,
    ],
    { timeout: 900_000 },
  )
  return stdout.trim()
}

/** Has the image's ostree make the stateroot, and tells which version that is. */
async function startOstree(tree: ImageTree, say: (text: string) => void): Promise<void> {
  const version = tree.run('ostree', ['--version']).then(
    ({ stdout }) => /Version: '(.+)'/.exec(stdout)?.[1] ?? '',
    () => 'its version is not known',
  )
  const started = await tree.startOstree(['admin', 'os-init', '--sysroot=/sysroot', STATEROOT])
  if (started === undefined) {
    throw new AgentError('IMAGE_UNSUPPORTED', 'the image has no ostree program to deploy itself with', {
      hint: 'images of the composefs-native kind (UKI, no ostree) need the bootc engine',
    })
  }
  say(`the image's own ostree takes over: ${await version}`)
}

/** What an image needs so that this engine can deploy it: said now, in our words, rather than by a program's failure. */
async function checkTree(tree: ImageTree): Promise<void> {
  const kernels = (await tree.list('usr/lib/modules')).filter((name) => tree.has(`usr/lib/modules/${name}/vmlinuz`))
  if (kernels.length !== 1) {
    throw new AgentError(
      'IMAGE_NOT_BOOTABLE',
      `the image has ${kernels.length} kernels below /usr/lib/modules (${kernels.join(', ') || 'none'}), want exactly one`,
    )
  }
  if (!tree.has(`usr/lib/modules/${kernels[0]}/initramfs.img`)) {
    throw new AgentError('IMAGE_NOT_BOOTABLE', `the image has no /usr/lib/modules/${kernels[0]}/initramfs.img`)
  }
}

/** What `ostree admin init-fs --modern` makes, the repository being there already. */
async function initialiseSysroot(root: string): Promise<void> {
  for (const folder of ['boot', 'ostree', 'ostree/repo', 'ostree/deploy']) {
    await mkdir(join(root, folder), { recursive: true })
    await chmod(join(root, folder), 0o755)
  }
}

/**
 * A machine whose initramfs cannot reach its root stops there, with nobody to see it. Images of which the content of the initramfs cannot
 * be listed are believed if they have the program for it.
 */
async function checkInitramfs(tree: ImageTree, plan: StoragePlan, say: (text: string) => void): Promise<void> {
  const needs = initramfsNeeds(plan)
  if (needs.length === 0) return
  const [kernel = ''] = await tree.list('usr/lib/modules')
  const listed = await listInitramfs(tree, `/usr/lib/modules/${kernel}/initramfs.img`)
  if (listed === undefined) say('the image cannot list what its initramfs holds: going by the programs it has')
  for (const { module, program, what } of needs) {
    if (listed ? listed.includes(module) : tree.hasProgram(program)) continue
    const lacks = listed
      ? `the initramfs of the image lacks the dracut module ${module}`
      : `the image has no ${program}`
    throw new AgentError('IMAGE_UNSUPPORTED', `the disks of the spec need ${what}, and ${lacks}`, {
      hint: `build the image with ${program} and an initramfs that has ${module}, or choose simpler disks in spec.disks`,
    })
  }
}

async function listInitramfs(tree: ImageTree, path: string): Promise<string[] | undefined> {
  if (!tree.hasProgram('lsinitrd')) return undefined
  const listed = await tree.run('lsinitrd', ['--mod', path]).catch((error: unknown) => {
    if (!(error instanceof CommandError) || error.reason !== 'exit') throw error
  })
  const modules = listed?.stdout.split('\n').map((line) => line.trim()) ?? []
  // Every initramfs that dracut made has this one.
  return modules.includes('base') ? modules : undefined
}

/** Whether files get fs-verity. Such an image would not start from a file system that has none: refused here, not at the first start. */
async function needsVerity(tree: ImageTree, plan: StoragePlan): Promise<boolean> {
  const name = 'ostree/prepare-root.conf'
  const text = (await tree.read(`usr/etc/${name}`)) ?? (await tree.read(`usr/lib/${name}`)) ?? ''
  if (!verityRequired(text)) return false
  const { filesystem } = filesystemAt(plan, '/')
  if (filesystem !== 'xfs') return true
  throw new AgentError('IMAGE_UNSUPPORTED', 'the image starts only with fs-verity, which xfs does not have', {
    hint: 'set disks.filesystem to ext4 or btrfs',
  })
}

/** The origin file is read by path: it lies where both sides of the sandbox see it. */
async function writeOrigin(root: string, text: string): Promise<{ path: string; inSandbox: string }> {
  const name = '.landfall-origin'
  await writeFile(join(root, name), text)
  return { path: join(root, name), inSandbox: `/sysroot/${name}` }
}

async function findDeployment(root: string, mergeCommit: string): Promise<string> {
  const folder = join(root, 'ostree/deploy', STATEROOT, 'deploy')
  const names = await readdir(folder)
  if (!names.includes(`${mergeCommit}.0`)) {
    throw new AgentError(
      'DEPLOY_FAILED',
      `ostree made no deployment of ${mergeCommit}, but ${names.join(', ') || 'none'}`,
    )
  }
  return join(folder, `${mergeCommit}.0`)
}

async function addBootcFiles({ target, image, tree }: DeployOptions, deployment: string): Promise<void> {
  const root = target.mountPoint
  const imageHasPolicy = tree.has('usr/etc/selinux/config')
  const { targetReference, digest, config } = image
  await writeFile(
    join(root, '.bootc-aleph.json'),
    alephText({ targetReference, digest, config, kernel: release(), imageHasPolicy }),
    { mode: 0o644 },
  )
  const text = fstabText(target.plan)
  // With everything on one file system the image's own stays, as with bootc.
  if (text === '') return
  const fstab = join(deployment, 'etc/fstab')
  await writeFile(fstab, text)
  await chmod(fstab, 0o644)
  await labelFiles(tree, join(deployment, 'etc'), ['/etc/fstab'])
}
