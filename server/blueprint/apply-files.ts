// Files, directories and sshd of a blueprint: files of the system's own /etc, or rules by which systemd makes them at its first start.
import type { PartialSpec } from '../contract/spec.ts'
import type { Outcome } from './outcome.ts'
import type { BlueprintDirectory, BlueprintFile, Customizations } from './schema.ts'

export function applyFiles({ files = [], directories = [], sshd }: Customizations, outcome: Outcome): void {
  const rules = directories.map(directoryRule)
  files.forEach((file, at) => {
    if (file.uri !== undefined) {
      return outcome.skip(`customizations.files[${at}].uri`, 'nothing is fetched while a system is installed: use data')
    }
    if (isPlain(file)) {
      outcome.files.push({ path: file.path, text: file.data ?? '', mode: parseInt(file.mode ?? '0644', 8) })
    } else {
      rules.push(fileRule(file))
    }
  })
  if (rules.length > 0) {
    outcome.files.push({ path: '/etc/tmpfiles.d/landfall-files.conf', text: rules.join(''), mode: 0o600 })
  }
  if (sshd !== undefined) {
    // sshd takes the first value it meets, and its distribution's own files begin with 40 or 50.
    outcome.files.push({ path: '/etc/ssh/sshd_config.d/10-landfall.conf', text: sshdText(sshd), mode: 0o600 })
  }
}

/** What a disk image is given beside its spec is part of a machine's spec; shown to nobody where only its owner may read it. */
export function filesOfSpec(files: Outcome['files']): NonNullable<PartialSpec['files']> {
  return files.map(({ path, text, mode }) => ({
    path,
    content: text,
    encoding: 'text',
    mode: mode.toString(8).padStart(4, '0'),
    user: 'root',
    group: 'root',
    secret: (mode & 0o077) === 0,
  }))
}

/** Root's files below /etc are there from the start; everything else has to wait for its owner, or for /var. */
function isPlain({ path, user, group }: BlueprintFile): boolean {
  return path.startsWith('/etc/') && [user, group].every((owner) => [undefined, 0, 'root'].includes(owner))
}

/** tmpfiles.d(5): `~` has the argument in Base64. */
function fileRule({ path, mode = '0644', user = 'root', group = 'root', data = '' }: BlueprintFile): string {
  return `f~ ${quoted(path)} ${mode} ${user} ${group} - ${Buffer.from(data).toString('base64')}\n`
}

function directoryRule({ path, mode = '0755', user = 'root', group = 'root' }: BlueprintDirectory): string {
  return `d ${quoted(path)} ${mode} ${user} ${group} -\n`
}

/** Specifiers are doubled, and whatever else has a meaning is in quotes. */
function quoted(path: string): string {
  const plain = path.replaceAll('%', '%%')
  return /^[\w./%@+:-]+$/.test(plain) ? plain : `"${plain.replaceAll(/["\\]/g, '\\$&')}"`
}

function sshdText(sshd: NonNullable<Customizations['sshd']>): string {
  const word = (value: boolean | string) => (typeof value === 'string' ? value : value ? 'yes' : 'no')
  const values: [string, boolean | string | number | undefined][] = [
    ['PasswordAuthentication', sshd.password_authentication],
    ['ClientAliveInterval', sshd.client_alive_interval],
    ['PermitRootLogin', sshd.permit_root_login],
    ['KbdInteractiveAuthentication', sshd.kbd_interactive_authentication],
  ]
  return values
    .flatMap(([name, value]) =>
      value === undefined ? [] : [`${name} ${typeof value === 'number' ? value : word(value)}\n`],
    )
    .join('')
}
