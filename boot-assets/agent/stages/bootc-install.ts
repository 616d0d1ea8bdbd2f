// The engine "bootc": the image's own bootc installs it, in a root of the image, from the server's registry (ostree-container-deploy 3).
import { copyFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { registryAuth } from '../../../server/contract/registry-files.ts'
import type { MachineSpec } from '../../../server/contract/spec.ts'
import { beginsBootloader, bootcArguments } from '../bootc/arguments.ts'
import type { ImageTree } from '../deployment/tree.ts'
import { AgentError } from '../errors.ts'
import type { Confirmation } from '../link/task-source.ts'
import type { Host } from '../sys/host.ts'
import type { Deployment } from './deploy.ts'
import type { ResolvedImage } from './resolve.ts'

const TIMEOUT_MS = 2 * 3600_000
/** Not /sysroot, where bootc would take it for that of its own root; and the image's own /boot shows whether it has a unified kernel image. */
const TARGET = '/run/landfall-target'

export interface BootcOptions {
  host: Host
  /** Where the target is mounted, with boot and ESP. */
  mountPoint: string
  /** The image's tree, off the target. */
  tree: ImageTree
  /** A folder off the target, for an /etc that bootc may be told things by. */
  scratch: string
  image: ResolvedImage
  spec: MachineSpec
  /** The server that the image comes from. */
  server: Pick<Confirmation, 'url' | 'ca'>
  /** What its repository wants that is not for everybody. */
  pullToken: string | undefined
  signal: AbortSignal
  say: (text: string) => void
  /** Everything but the boot loader is in place. */
  onBootloader: () => void
}

/** Refuses before any disk is touched what has no registry. Throws AgentError IMAGE_UNSUPPORTED. */
export function requireServer<Server>(server: Server | undefined): Server {
  if (server !== undefined) return server
  throw new AgentError('IMAGE_UNSUPPORTED', 'engine bootc fetches the image from a server, and this install has none', {
    hint: 'set engine to ostree',
  })
}

/**
 * Runs it to its end and finds what it made. The boot loader is part of that, so that from here on the disk can be booted. Throws
 * AgentError IMAGE_UNSUPPORTED, DEPLOY_FAILED, DIGEST_MISMATCH; CommandError.
 */
export async function installByBootc(options: BootcOptions): Promise<Deployment & { id: string }> {
  const { host, mountPoint, tree, image, spec, server, signal, say, onBootloader } = options
  if (!tree.hasProgram('bootc')) {
    throw new AgentError('IMAGE_UNSUPPORTED', 'engine bootc: the image has no program bootc', {
      hint: 'set engine to ostree, or build the image with bootc',
    })
  }
  tree.etc = await writableEtc(options)
  const { stdout: help } = await tree.run('bootc', ['install', 'to-filesystem', '--help'])
  const kernelArguments = [...spec.consoles.map((console) => `console=${console}`), ...spec.kernelArguments]
  const args = bootcArguments(help, {
    source: `docker://${new URL(server.url).host}/${image.repository}@${image.digest}`,
    target: image.targetReference,
    kernelArguments,
    composefs: (await hasUki(tree)) || !tree.hasProgram('ostree'),
    root: TARGET,
  })
  say(`bootc ${args.join(' ')}`)
  await tree.run('bootc', args, {
    targetAt: TARGET,
    timeout: TIMEOUT_MS,
    signal,
    onLine: (line) => {
      say(line)
      if (beginsBootloader(line)) onBootloader()
    },
  })
  // A bootc that does not know --skip-finalize leaves them read-only.
  for (const path of [mountPoint, join(mountPoint, 'boot')]) await host.run('mount', ['-o', 'remount,rw', path])
  const made = await findMade(mountPoint)
  await requireDigest(tree, mountPoint, made, image.digest)
  return { ...made, kernelArguments }
}

async function hasUki(tree: ImageTree): Promise<boolean> {
  const places = ['boot/EFI/Linux', ...(await tree.list('usr/lib/modules')).map((name) => `usr/lib/modules/${name}`)]
  const files = await Promise.all(places.map((place) => tree.list(place)))
  return files.flat().some((name) => name.endsWith('.efi'))
}

/** A copy of the image's, with the registry's CA and login, a policy where there is none, and the installer's name servers. */
async function writableEtc({ host, tree, scratch, server, pullToken }: BootcOptions): Promise<string> {
  const etc = join(scratch, 'etc')
  await host.run('cp', ['--archive', '--no-target-directory', join(tree.path, 'usr/etc'), etc])
  const put = async (path: string, text: string, flag: 'w' | 'wx') => {
    await mkdir(dirname(join(etc, path)), { recursive: true })
    await writeFile(join(etc, path), text, { flag })
  }
  await put(`containers/certs.d/${new URL(server.url).host}/ca.crt`, server.ca, 'w')
  if (pullToken !== undefined) {
    // An image may have a link in its place.
    await rm(join(etc, 'ostree/auth.json'), { force: true })
    const login = { registry: new URL(server.url).host, username: 'landfall', password: pullToken }
    await put('ostree/auth.json', registryAuth({ credentials: [login] })!, 'w')
  }
  // What is fetched is pinned by its digest; the image's own policy counts where it has one.
  const anything = '{"default":[{"type":"insecureAcceptAnything"}]}\n'
  await put('containers/policy.json', anything, 'wx').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  await copyFile('/etc/resolv.conf', join(etc, 'resolv.conf')).catch(() => {})
  return etc
}

/** An OSTree deployment, `ostree/deploy/default/deploy/<commit>.0`, or one of composefs, `state/deploy/<id>`. */
async function findMade(root: string): Promise<{ path: string; id: string }> {
  const places = ['ostree/deploy/default/deploy', 'state/deploy'].map((folder) => join(root, folder))
  const found = await Promise.all(
    places.map(async (folder) => {
      const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
      return entries.filter((entry) => entry.isDirectory()).map(({ name }) => ({ path: join(folder, name), name }))
    }),
  )
  const [one, ...others] = found.flat()
  if (one === undefined || others.length > 0) {
    const names = found.flat().map(({ name }) => name)
    throw new AgentError('DEPLOY_FAILED', `bootc ended well, but made ${names.join(', ') || 'no deployment'}; want one`)
  }
  return { path: one.path, id: one.name.replace(/\.\d+$/, '') }
}

/** What it deployed is what was assigned, by its own record. */
async function requireDigest(
  tree: ImageTree,
  root: string,
  { path, id }: { path: string; id: string },
  digest: string,
): Promise<void> {
  const ostree = path.startsWith(join(root, 'ostree/'))
  const show = ['--repo=/sysroot/ostree/repo', 'show', '--print-metadata-key=ostree.manifest-digest', id]
  const { stdout } = ostree
    ? await tree.run('ostree', show)
    : await tree.run('sed', ['-n', 's/^manifest_digest *= *//p', `${tree.inSandbox(path)}/${id}.origin`])
  const got = stdout.trim().replaceAll("'", '')
  if (got !== digest)
    throw new AgentError('DIGEST_MISMATCH', `bootc deployed ${got || 'an unknown image'}, want ${digest}`)
}
