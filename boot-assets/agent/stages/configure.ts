// Writes what the spec says into the deployment's /etc, as an administrator would: nothing of the image itself is changed.
import { existsSync } from 'node:fs'
import { readFile, readlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { DiskImageTask } from '../../../server/contract/agent.ts'
import type { MachineSpec } from '../../../server/contract/spec.ts'
import { CONFIRM_SCRIPT, CONFIRM_UNIT, CONFIRM_UNIT_TEXT, confirmEnvText } from '../../../server/contract/first-boot.ts'
import { parseGroup, parsePasswd, planAccounts } from '../deployment/accounts.ts'
import type { PlannedAccounts } from '../deployment/accounts.ts'
import { rootKeysText } from '../deployment/files.ts'
import { checkFirewall, setFirewall } from '../deployment/firewall.ts'
import { labelFiles } from '../deployment/labels.ts'
import { keyboard, language } from '../deployment/language.ts'
import { changed, writeNew } from '../deployment/new-file.ts'
import type { NewFile } from '../deployment/new-file.ts'
import { passwordsOf, withPasswords } from '../deployment/passwords.ts'
import { selinuxMode } from '../deployment/selinux-mode.ts'
import { checkServices, presets, switchServices } from '../deployment/services.ts'
import { timeServers } from '../deployment/time-servers.ts'
import { timeZone } from '../deployment/time-zone.ts'
import type { ImageTree } from '../deployment/tree.ts'
import { trustFiles } from '../deployment/trust-files.ts'
import type { Enforcement } from '../deployment/trust-files.ts'
import { sysusersText, usersTmpfilesText } from '../deployment/users.ts'
import { AgentError } from '../errors.ts'
import type { Confirmation } from '../link/task-source.ts'
import { CommandError } from '../sys/command.ts'
import type { Deployment } from './deploy.ts'

export interface ConfigureOptions {
  deployment: Deployment
  /** Shows its programs the deployment's /etc. */
  tree: ImageTree
  spec: MachineSpec
  /** Undefined: the deployed system reports to nobody. */
  confirmation: Confirmation | undefined
  /** What of trust the system is to enforce by itself, for the image it follows; undefined: nothing. */
  enforcement: (Enforcement & { targetReference: string }) | undefined
  /** Written as they are. */
  files: DiskImageTask['files']
  /** What belongs to the disks. */
  storageFiles: readonly NewFile[]
  say: (text: string) => void
  warn: (text: string) => void
}

/** What `systemctl enable` makes of WantedBy=multi-user.target. */
const WANTS = `etc/systemd/system/multi-user.target.wants/${CONFIRM_UNIT}`

/**
 * Later writes replace earlier ones: running it again gives the same result. Throws AgentError CONFIGURE_FAILED for what this image cannot
 * be given, before anything is written where that can be told.
 */
export async function configure(options: ConfigureOptions): Promise<void> {
  const { deployment, tree, spec, confirmation, enforcement, say, warn } = options
  const root = deployment.path
  const speaking = { tree, root, warn }
  checkFirewall(tree, spec.firewall)
  await checkServices(tree, spec.services)
  const files: NewFile[] = [
    ...hostname(spec),
    ...(await rootKeys(tree, spec)),
    ...(await accounts(tree, root, spec)),
    ...(await passwords(root, spec)),
    ...(await timeZone(tree, root, spec.timezone)),
    ...(await language(speaking, spec.language)),
    ...(await keyboard(speaking, spec.keyboard)),
    ...(await selinuxMode(root, spec.selinux)),
    ...presets(spec.services, spec.firewall.mode),
    ...(confirmation === undefined ? [] : report(confirmation)),
    ...(enforcement === undefined ? [] : await trustFiles(root, enforcement.targetReference, enforcement)),
    ...options.storageFiles,
    ...options.files.map((file) => ({ ...file, path: file.path.slice(1) })),
  ]
  await switchServices(tree, spec.services)
  await setFirewall(tree, spec.firewall)
  // Which service sets the clock is settled only now.
  files.push(...(await timeServers(tree, root, spec.timeServers)))
  for (const file of files) {
    say(`writing /${file.path}`)
    await writeNew(root, file)
  }
  if (confirmation !== undefined && !tree.hasProgram('curl') && !tree.hasProgram('wget')) {
    warn('the image has neither curl nor wget: the deployed system cannot report that it runs')
  }
  // Folders that these files brought with them are labelled too, and what programs of the image wrote; /etc itself was there.
  const folders = files.map(({ path }) => dirname(path)).filter((path) => path !== 'etc')
  const touched = [...(switches(spec) ? ['etc/systemd/system'] : []), ...(opens(spec) ? ['etc/firewalld'] : [])]
  const paths = [
    ...folders,
    ...touched.filter((path) => existsSync(join(root, path))),
    ...files.map(({ path }) => path),
  ]
  await labelFiles(tree, join(root, 'etc'), [...new Set(paths.map((path) => `/${path}`))])
}

function switches({ services: { enabled, disabled, masked }, firewall }: MachineSpec): boolean {
  return enabled.length + disabled.length + masked.length > 0 || firewall.mode !== 'image'
}

function opens({ firewall: { mode } }: MachineSpec): boolean {
  return mode !== 'image'
}

function report({ ca, ...settings }: Confirmation): NewFile[] {
  return [
    { path: `etc/systemd/system/${CONFIRM_UNIT}`, text: CONFIRM_UNIT_TEXT, mode: 0o644 },
    { path: 'etc/landfall/confirm.sh', text: CONFIRM_SCRIPT, mode: 0o700 },
    { path: 'etc/landfall/confirm.env', text: confirmEnvText(settings), mode: 0o600 },
    { path: 'etc/landfall/ca.pem', text: ca, mode: 0o644 },
    { path: WANTS, link: `/etc/systemd/system/${CONFIRM_UNIT}` },
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

async function accounts(tree: ImageTree, root: string, spec: MachineSpec): Promise<NewFile[]> {
  if (spec.users.length === 0 && spec.groups.length === 0) return []
  const planned = planAccounts(spec, {
    users: parsePasswd(await knownLines(tree, root, 'passwd')),
    groups: parseGroup(await knownLines(tree, root, 'group')),
  })
  await requireHomesAndShells(tree, planned)
  const shell = ['bin/bash', 'usr/bin/bash'].some((path) => tree.has(path)) ? '/bin/bash' : '/bin/sh'
  const layout = { homes: `/${await followLink(tree, 'home')}`, shell }
  const files: NewFile[] = [
    { path: 'etc/sysusers.d/landfall-users.conf', text: sysusersText(planned, layout), mode: 0o644 },
  ]
  const homes = usersTmpfilesText(planned, layout)
  if (homes !== '') files.push({ path: 'etc/tmpfiles.d/landfall-users.conf', text: homes, mode: 0o644 })
  return files
}

/** Accounts of /etc, and of /usr/lib where the image keeps its own (nss-altfiles). */
async function knownLines(tree: ImageTree, root: string, name: 'passwd' | 'group'): Promise<string> {
  const own = await readFile(join(root, 'etc', name), 'utf8').catch(() => '')
  return `${own}\n${(await tree.read(`usr/lib/${name}`)) ?? ''}`
}

/** What the first boot would fail at, silently: a home on the read-only part of the system, a shell that is not there. */
async function requireHomesAndShells(tree: ImageTree, { users }: PlannedAccounts): Promise<void> {
  for (const { user, known } of users) {
    const { name, sshKeys } = user
    // Of a user of the image, only the keys are ours to put somewhere.
    const home = known ? (sshKeys.length > 0 ? known.home : undefined) : user.home
    const [top = ''] = home?.slice(1).split('/') ?? []
    if (home !== undefined && !/^(var|home)$/.test((await followLink(tree, top)).replace(/\/.*/, ''))) {
      throw new AgentError('CONFIGURE_FAILED', `user ${name}: ${home} lies in the image, which is read-only`, {
        hint: 'choose a home below /home or /var',
      })
    }
    const shell = known ? undefined : user.shell
    if (shell === undefined) continue
    try {
      await tree.run('test', ['-f', shell, '-a', '-x', shell])
    } catch (error) {
      if (!(error instanceof CommandError) || error.exitCode !== 1) throw error
      throw new AgentError('CONFIGURE_FAILED', `user ${name}: the image has no program ${shell}`, {
        hint: 'choose one of /etc/shells of the image',
      })
    }
  }
}

async function passwords(root: string, spec: MachineSpec): Promise<NewFile[]> {
  const wanted = passwordsOf(spec)
  return wanted.size === 0 ? [] : [await changed(root, 'etc/shadow', (text) => withPasswords(text, wanted), 0o600)]
}

/** Where a top-level folder of the image really lies: `home` is often a link to `var/home`. */
async function followLink(tree: ImageTree, name: string): Promise<string> {
  const link = await readlink(join(tree.path, name)).catch(() => name)
  return link.replace(/^(\.*\/)+/, '')
}
