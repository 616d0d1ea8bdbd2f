// Writes what the spec says into the deployment's /etc: host name, keys, users, passwords, and the first-boot report.
import { chmod, mkdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { DiskImageTask } from '../../../server/contract/agent.ts'
import type { MachineSpec } from '../../../server/contract/spec.ts'
import { CONFIRM_SCRIPT, CONFIRM_UNIT, CONFIRM_UNIT_TEXT, confirmEnvText } from '../../../server/contract/first-boot.ts'
import { rootKeysText } from '../deployment/files.ts'
import { labelFiles } from '../deployment/labels.ts'
import type { Confirmation } from '../link/task-source.ts'
import { passwordsOf, withPasswords } from '../deployment/passwords.ts'
import type { ImageTree } from '../deployment/tree.ts'
import { sysusersText, usersTmpfilesText } from '../deployment/users.ts'
import type { Deployment } from './deploy.ts'

export interface ConfigureOptions {
  deployment: Deployment
  tree: ImageTree
  spec: MachineSpec
  /** Undefined: the deployed system reports to nobody. */
  confirmation: Confirmation | undefined
  /** Written as they are. */
  files: DiskImageTask['files']
  say: (text: string) => void
  warn: (text: string) => void
}

interface NewFile {
  /** Below the deployment: `etc/hostname`. */
  path: string
  text: string
  mode: number
}

/** What `systemctl enable` makes of WantedBy=multi-user.target. */
const WANTS = `etc/systemd/system/multi-user.target.wants/${CONFIRM_UNIT}`

/** Later writes replace earlier ones: running it again gives the same result. */
export async function configure(options: ConfigureOptions): Promise<void> {
  const { deployment, tree, spec, confirmation, say, warn } = options
  const files: NewFile[] = [
    ...hostname(spec),
    ...(await rootKeys(tree, spec)),
    ...(await users(tree, spec)),
    ...(await passwords(deployment, spec)),
    ...(confirmation === undefined ? [] : report(confirmation)),
    ...options.files.map((file) => ({ ...file, path: file.path.slice(1) })),
  ]
  for (const file of files) {
    say(`writing /${file.path}`)
    await writeNew(deployment.path, file)
  }
  // Folders that these files brought with them are labelled too; /etc itself was there.
  const folders = options.files.map(({ path }) => dirname(path)).filter((path) => path !== '/etc')
  if (confirmation !== undefined) {
    await enable(join(deployment.path, WANTS))
    folders.push('/etc/landfall', `/${WANTS}`)
    if (!tree.hasProgram('curl') && !tree.hasProgram('wget')) {
      warn('the image has neither curl nor wget: the deployed system cannot report that it runs')
    }
  }
  await labelFiles(tree, join(deployment.path, 'etc'), [
    ...new Set([...folders, ...files.map(({ path }) => `/${path}`)]),
  ])
}

function report({ ca, ...settings }: Confirmation): NewFile[] {
  return [
    { path: `etc/systemd/system/${CONFIRM_UNIT}`, text: CONFIRM_UNIT_TEXT, mode: 0o644 },
    { path: 'etc/landfall/confirm.sh', text: CONFIRM_SCRIPT, mode: 0o700 },
    { path: 'etc/landfall/confirm.env', text: confirmEnvText(settings), mode: 0o600 },
    { path: 'etc/landfall/ca.pem', text: ca, mode: 0o644 },
  ]
}

function hostname({ hostname: name }: MachineSpec): NewFile[] {
  return name === undefined ? [] : [{ path: 'etc/hostname', text: `${name}\n`, mode: 0o644 }]
}

async function rootKeys(tree: ImageTree, { rootSshKeys }: MachineSpec): Promise<NewFile[]> {
  if (rootSshKeys.length === 0) return []
  const text = rootKeysText(await followLink(tree, 'root'), rootSshKeys)
  return [{ path: 'etc/tmpfiles.d/bootc-root-ssh.conf', text, mode: 0o644 }]
}

async function users(tree: ImageTree, spec: MachineSpec): Promise<NewFile[]> {
  if (spec.users.length === 0) return []
  const shell = ['bin/bash', 'usr/bin/bash'].some((path) => tree.has(path)) ? '/bin/bash' : '/bin/sh'
  const layout = { homes: `/${await followLink(tree, 'home')}`, shell }
  return [
    { path: 'etc/sysusers.d/landfall-users.conf', text: sysusersText(spec.users, layout), mode: 0o644 },
    { path: 'etc/tmpfiles.d/landfall-users.conf', text: usersTmpfilesText(spec.users, layout), mode: 0o644 },
  ]
}

async function passwords(deployment: Deployment, spec: MachineSpec): Promise<NewFile[]> {
  const wanted = passwordsOf(spec)
  if (wanted.size === 0) return []
  const path = 'etc/shadow'
  const file = join(deployment.path, path)
  const mode = await stat(file).then(
    (found) => found.mode & 0o777,
    () => 0o600,
  )
  return [{ path, text: withPasswords(await readFile(file, 'utf8').catch(() => ''), wanted), mode }]
}

/** Where a top-level folder of the image really lies: `home` is often a link to `var/home`. */
async function followLink(tree: ImageTree, name: string): Promise<string> {
  const link = await readlink(join(tree.path, name)).catch(() => name)
  return link.replace(/^\/+/, '')
}

async function writeNew(root: string, { path, text, mode }: NewFile): Promise<void> {
  const file = join(root, path)
  await mkdir(dirname(file), { recursive: true, mode: 0o755 })
  await writeFile(file, text, { mode })
  // The mode above counts for new files only, and less the umask.
  await chmod(file, mode)
}

async function enable(link: string): Promise<void> {
  await mkdir(dirname(link), { recursive: true, mode: 0o755 })
  await symlink(`/etc/systemd/system/${CONFIRM_UNIT}`, link).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
}
