// What a kickstart template is given: commands ready to be written, and the files that its scripts make. docs/reference/kickstart-templates.md
// describes it for authors of templates.
import { beyondAnaconda } from '../contract/anaconda-limits.ts'
import type { Facts } from '../contract/facts.ts'
import { CONFIRM_SCRIPT, CONFIRM_UNIT, CONFIRM_UNIT_TEXT, confirmEnvText } from '../contract/first-boot.ts'
import type { ConfirmSettings } from '../contract/first-boot.ts'
import type { KickstartRelease } from '../contract/kickstart-release.ts'
import type { MachineSpec } from '../contract/spec.ts'
import type { TemplateVariables } from '../render/templates.ts'
import { accountCommands } from './accounts.ts'
import { ksCommand } from './command.ts'
import { KickstartError } from './errors.ts'
import { dependsOnFirmware } from './firmware-lines.ts'
import { networkCommands } from './network.ts'
import { payloadCommand } from './payload.ts'
import type { PayloadSource } from './payload.ts'
import { INSTALLER_AUTH, registryAuth, registryFiles } from '../contract/registry-files.ts'
import { storageCommands } from './storage.ts'
import { systemCommands } from './system.ts'
import { targetDisks } from './target-disks.ts'

/** The server that a kickstart's scripts talk to. */
export interface KickstartServer {
  /** Origin of the TLS listener: `https://192.0.2.1:8443`. */
  https: string
  /** `host:port` of the registry, which the CA vouches for too. */
  registry: string
  /** CA certificate, PEM. */
  ca: string
  /** Install token. */
  token: string
  /** A moment that has passed, in seconds since 1970: clocks behind it are wrong. Constant for one install. */
  now: number
  /** Login for the image's repository, where that is not for anybody. */
  pull?: { repository: string; token: string }
}

export interface KickstartInput {
  machine: { name: string }
  generation: number
  release: KickstartRelease
  spec: MachineSpec
  facts: Facts | undefined
  source: PayloadSource
  /** Absent on media that work without one: then all secrets are in the text. */
  server?: KickstartServer
  /** On such media: how the installed system reports, if it ever reaches a server. */
  report?: ConfirmSettings & { ca: string }
  /** How the NIC that booted is known to the installer. */
  bootDevice: 'bootif' | 'link'
}

/** A file that `%pre` makes. */
export interface FileOfPre {
  /** Under which `%pre` fetches it, where it is secret and there is a server. */
  name: string
  path: string
  /** Octal. */
  mode: string
  text: string
  secret: boolean
}

export interface KickstartParts {
  variables: TemplateVariables
  /** Files of commands, which the kickstart includes. */
  includes: readonly FileOfPre[]
  /** All files that hold a secret. */
  secrets: readonly FileOfPre[]
}

/** Throws KickstartError: SPEC_UNSUPPORTED naming what does not go together, VALUE_UNSAFE. */
export function kickstartParts(input: KickstartInput): KickstartParts {
  const { spec, release, server, source, machine, generation } = input
  requirePossible(spec)
  const targets = targetDisks(spec.disks, input.facts)
  const storageLines = storageCommands({
    disks: spec.disks,
    release,
    firmware: input.facts?.firmware,
    targets: targets.map(({ name }) => name),
    kernelArguments: [...spec.kernelArguments, ...spec.consoles.map((console) => `console=${console}`)],
  })
  const storage = includable('storage', storageLines, {
    secret: spec.disks.encryption !== undefined,
    dynamic: targets.some(({ selector }) => selector !== undefined) || storageLines.some(dependsOnFirmware),
  })
  const accounts = accountCommands(spec)
  const secretAccounts = includable('accounts', accounts.secret, { secret: accounts.secret.length > 0, dynamic: false })
  const network = includable('network', networkCommands(spec, input.bootDevice), {
    secret: false,
    dynamic: spec.network.some(({ bond }) => bond !== undefined),
  })
  const includes = [storage, network, secretAccounts].flatMap(({ file }) => (file ? [file] : []))
  const auth = registryAuth(spec.registry)
  const own = ownRegistry(input)
  const ofRegistries = registryFiles(spec.registry, own)
  const files: FileOfPre[] = [
    ...includes,
    ...registryFiles(spec.registry, own, cachesFor(source, spec)).map((file) => ({
      ...file,
      name: '',
      mode: '644',
      secret: false,
    })),
    ...(auth === undefined ? [] : [{ name: 'auth.json', path: AUTH_FILE, mode: '600', text: auth, secret: true }]),
    ...installerAuth(input),
    ...passphraseFile(spec),
  ]
  const resolving = includes.filter(({ text }) => text.includes('@landfall-'))

  const variables = {
    machine: { name: machine.name },
    generation,
    release,
    image: source.reference,
    site: spec.kickstart.variables,
    commands: {
      system: systemCommands(spec),
      network: network.lines,
      storage: storage.lines,
      accounts: [...secretAccounts.lines, ...accounts.open],
      payload: payloadCommand(source, spec, release, server?.pull !== undefined),
      end: [endCommand(spec.finish, server === undefined)],
    },
    server: server ? { https: server.https, ca: base64(server.ca), token: server.token, now: server.now } : null,
    files: [
      ...files.map(({ name, path, mode, text: contents, secret }) => ({
        name,
        path,
        folder: folderOf(path),
        mode,
        base64: secret && server ? null : base64(contents),
      })),
      ...confirmFile(input),
    ],
    resolve:
      resolving.length === 0
        ? null
        : {
            selectors: base64(
              JSON.stringify(
                Object.fromEntries(targets.flatMap(({ name, selector }) => (selector ? [[name, selector]] : []))),
              ),
            ),
            paths: resolving.map(({ path }) => path),
          },
    target: targetFiles(ofRegistries, own, auth !== undefined),
    completion: spec.engine !== 'bootc',
    follow: follows(source, spec) ? source.reference : null,
    tpm2: spec.disks.encryption?.tpm2 === true,
    scripts: { pre: script(spec.kickstart.pre), post: script(spec.kickstart.post) },
  }
  return { variables, includes, secrets: files.filter(({ secret }) => secret) }
}

function requirePossible(spec: MachineSpec): void {
  const beyond = beyondAnaconda(spec)
  if (beyond.length === 0) return
  throw new KickstartError('SPEC_UNSUPPORTED', `Anaconda cannot carry out ${beyond.join(', ')}`, {
    hint: 'leave these values out, do it in kickstart.post, or set installer to agent',
  })
}

/** A medium would start the machine again, so it is put out, but not where the machine never gets back to its firmware. */
function endCommand(finish: MachineSpec['finish'], medium: boolean): string {
  if (finish === 'poweroff') return ksCommand('poweroff', {})
  return ksCommand('reboot', finish === 'kexec' ? { kexec: true } : { eject: medium })
}

const AUTH_FILE = '/etc/ostree/auth.json'
const CONFIRM_ENV = '/run/landfall/confirm.env'

/** Commands as they are, or as a file that `%pre` makes: because they hold a secret, or a name only the machine knows. */
function includable(
  name: string,
  commands: readonly string[],
  { secret, dynamic }: { secret: boolean; dynamic: boolean },
): { lines: readonly string[]; file?: FileOfPre } {
  if (!secret && !dynamic) return { lines: commands }
  const path = `/tmp/landfall-${name}.ks`
  return {
    lines: [`%include ${path}`],
    file: { name: `${name}.ks`, path, mode: '600', text: `${commands.join('\n')}\n`, secret },
  }
}

/** Those of the spec where the pull is by digest: a cache may say anything of a tag. */
function cachesFor(source: PayloadSource, { layerCaches }: MachineSpec): readonly string[] {
  return source.kind === 'registry' && source.pulled !== undefined ? layerCaches : []
}

/** Below /run, where ostree looks first and nothing outlives the installer. */
function installerAuth({ spec, server }: KickstartInput): FileOfPre[] {
  if (server?.pull === undefined) return []
  const { repository, token } = server.pull
  const own = { registry: `${server.registry}/${repository}`, username: 'landfall', password: token }
  const text = registryAuth({ credentials: [...spec.registry.credentials, own] })!
  return [{ name: INSTALLER_AUTH, path: '/run/ostree/auth.json', mode: '600', text, secret: true }]
}

/** Whether the system has to be told what to follow, since it was not installed by that name; the command bootc is told itself. */
function follows(source: PayloadSource, spec: MachineSpec): boolean {
  return source.kind === 'oci' || (source.pulled !== undefined && spec.engine !== 'bootc')
}

function passphraseFile({ disks: { encryption } }: MachineSpec): FileOfPre[] {
  if (encryption?.tpm2 !== true) return []
  const path = '/run/landfall/passphrase'
  return [{ name: 'passphrase', path, mode: '600', text: encryption.passphrase, secret: true }]
}

/** The registry and the CA of the server that the machine reports to. */
function ownRegistry({ server, report, source }: KickstartInput): { registry: string; ca: string } | undefined {
  return server ?? (report && { registry: source.reference.replace(/\/.*$/, ''), ca: report.ca })
}

/** Settings of the first-boot report. */
function confirmFile({ server, report }: KickstartInput) {
  if (!server && !report) return []
  const contents = report && !server ? base64(confirmEnvText(report)) : null
  return [{ name: 'confirm.env', path: CONFIRM_ENV, folder: folderOf(CONFIRM_ENV), mode: '600', base64: contents }]
}

/** What the installed system is given besides the image: who its registries are, and the report of its first boot. */
function targetFiles(
  ofRegistries: ReturnType<typeof registryFiles>,
  own: ReturnType<typeof ownRegistry>,
  hasAuth: boolean,
) {
  const unit = `/etc/systemd/system/${CONFIRM_UNIT}`
  const files = ofRegistries.map(({ path, text }) => ({ path, mode: '644', base64: base64(text) }))
  const copies = hasAuth ? [{ from: AUTH_FILE, path: AUTH_FILE, folder: folderOf(AUTH_FILE), mode: '600' }] : []
  if (!own) return { files, copies, links: [], labels: ['/etc/containers', '/etc/ostree'] }
  const wants = '/etc/systemd/system/multi-user.target.wants'
  return {
    files: [
      ...files,
      { path: unit, mode: '644', base64: base64(CONFIRM_UNIT_TEXT) },
      { path: '/etc/landfall/confirm.sh', mode: '700', base64: base64(CONFIRM_SCRIPT) },
      { path: '/etc/landfall/ca.pem', mode: '644', base64: base64(own.ca) },
    ],
    copies: [...copies, { from: CONFIRM_ENV, path: '/etc/landfall/confirm.env', folder: '/etc/landfall', mode: '600' }],
    links: [{ path: `${wants}/${CONFIRM_UNIT}`, folder: wants, to: unit }],
    labels: ['/etc/containers', '/etc/ostree', '/etc/landfall', unit, wants],
  }
}

function script(text: string | undefined): string | null {
  return text === undefined || text.trim() === '' ? null : base64(text.replaceAll('\r\n', '\n'))
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'))
}
