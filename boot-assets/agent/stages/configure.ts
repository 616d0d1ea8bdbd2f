// Writes what the spec says into the deployment's /etc, as an administrator would: nothing of the image itself is changed.
import { existsSync } from 'node:fs'
import { readFile, readlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { DiskImageTask } from '../../../server/contract/agent.ts'
import type { MachineSpec } from '../../../server/contract/spec.ts'
import { CONFIRM_SCRIPT, CONFIRM_UNIT, CONFIRM_UNIT_TEXT, confirmEnvText } from '../../../server/contract/first-boot.ts'
import { parseGroup, parsePasswd, planAccounts } from '../deployment/accounts.ts'
import type { KnownAccounts, PlannedAccounts } from '../deployment/accounts.ts'
import { cloudInitSeed } from '../deployment/cloud-init.ts'
import { credentialFiles } from '../deployment/credentials.ts'
import { rootKeysText } from '../deployment/files.ts'
import { checkFirewall, setFirewall } from '../deployment/firewall.ts'
import { runScript } from '../deployment/hook-script.ts'
import { checkIgnition, writeIgnition } from '../deployment/ignition.ts'
import { labelFiles, labelState } from '../deployment/labels.ts'
import { keyboard, language } from '../deployment/language.ts'
import { network } from '../deployment/network.ts'
import { changed, writeNew } from '../deployment/new-file.ts'
import type { NewFile } from '../deployment/new-file.ts'
import { sysusersNames } from '../deployment/owners.ts'
import { passwordsOf, withPasswords } from '../deployment/passwords.ts'
import { placeFiles, writePlaced } from '../deployment/placed-files.ts'
import { registries } from '../deployment/registries.ts'
import { selinuxMode } from '../deployment/selinux-mode.ts'
import { checkServices, presets, switchServices } from '../deployment/services.ts'
import { sudoers } from '../deployment/sudo.ts'
import { systemFolders } from '../deployment/system-path.ts'
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
  /** Where the target's root is mounted. */
  target: string
  deployment: Deployment
  /** Names this install to the system that it makes. */
  installId: string
  /** `registry.example:8443/os/web:stable`: what the system follows. */
  targetReference: string
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
  const { target, deployment, tree, spec, confirmation, enforcement, say, warn } = options
  const root = deployment.path
  const speaking = { tree, root, warn }
  const folders = await systemFolders(tree.path, root)
  checkFirewall(tree, spec.firewall)
  await checkServices(tree, spec.services)
  await checkIgnition(tree, spec.ignition)
  const known = await knownAccounts(tree, root)
  const planned = planAccounts(spec, known)
  const later = sysusersNames(await texts(tree, 'usr/lib/sysusers.d'))
  const seed = cloudInitSeed(tree, spec, options.installId)
  const placed = await placeFiles([...seed, ...spec.files], folders, { known, planned, later })
  const own = confirmation && { registry: options.targetReference.replace(/\/.*$/, ''), ca: confirmation.ca }
  const files: NewFile[] = [
    ...hostname(spec),
    ...(await rootKeys(tree, spec)),
    ...(await accounts(tree, planned)),
    ...(await passwords(root, spec)),
    ...(await sudoers(tree, spec.users)),
    ...(await timeZone(tree, root, spec.timezone)),
    ...(await language(speaking, spec.language)),
    ...(await keyboard(speaking, spec.keyboard)),
    ...(await selinuxMode(root, spec.selinux)),
    ...(await registries(root, spec.registry, own)),
    ...credentialFiles(spec.systemdCredentials),
    ...presets(spec.services, spec.firewall.mode),
    ...(confirmation === undefined ? [] : report(confirmation)),
    ...(enforcement === undefined ? [] : await trustFiles(root, enforcement.targetReference, enforcement)),
    ...options.storageFiles,
    ...options.files.map((file) => ({ ...file, path: file.path.slice(1) })),
    ...placed.tmpfiles,
  ]
  await switchServices(tree, spec.services)
  await setFirewall(tree, spec.firewall)
  // Which services set the clock and bring up the network is settled only now.
  files.push(...(await timeServers(tree, root, spec.timeServers)), ...(await network(tree, spec.network)))
  for (const file of files) {
    say(`writing /${file.path}`)
    await writeNew(root, file)
  }
  for (const file of placed.files) {
    say(`writing ${file.name}`)
    await writePlaced(file)
  }
  await writeIgnition(join(target, 'boot'), spec.ignition)
  if (confirmation !== undefined && !tree.hasProgram('curl') && !tree.hasProgram('wget')) {
    warn('the image has neither curl nor wget: the deployed system cannot report that it runs')
  }
  if (spec.hooks.script !== undefined) {
    say('running the script of the spec in the installed system')
    await runScript(tree, target, folders, spec.hooks.script, say)
  }
  // Folders that these files brought with them are labelled too, and what programs of the image wrote; /etc itself was there.
  const written = [...files.map(({ path }) => `/${path}`), ...placed.files.map(({ where }) => where.path)]
  const paths = [...written.map((path) => dirname(path)).filter((path) => path !== '/etc'), ...written]
  const inEtc = paths.filter((path) => path.startsWith('/etc/'))
  const touched = [...(switches(spec) ? ['/etc/systemd/system'] : []), ...(opens(spec) ? ['/etc/firewalld'] : [])]
  const all = [...touched.filter((path) => existsSync(join(root, path))), ...inEtc]
  // Where a script was, anything may have come.
  await labelFiles(tree, folders.etc, spec.hooks.script === undefined ? [...new Set(all)] : ['/etc'])
  const inVar = paths.filter((path) => path.startsWith('/var/'))
  await labelState(tree, folders.etc, folders.var, spec.hooks.script === undefined ? [...new Set(inVar)] : ['/var'])
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

async function accounts(tree: ImageTree, planned: PlannedAccounts): Promise<NewFile[]> {
  if (planned.users.length === 0 && planned.groups.length === 0) return []
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
async function knownAccounts(tree: ImageTree, root: string): Promise<KnownAccounts> {
  const lines = async (name: 'passwd' | 'group'): Promise<string> => {
    const own = await readFile(join(root, 'etc', name), 'utf8').catch(() => '')
    return `${own}\n${(await tree.read(`usr/lib/${name}`)) ?? ''}`
  }
  return { users: parsePasswd(await lines('passwd')), groups: parseGroup(await lines('group')) }
}

async function texts(tree: ImageTree, folder: string): Promise<string[]> {
  return Promise.all((await tree.list(folder)).map(async (name) => (await tree.read(`${folder}/${name}`)) ?? ''))
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
