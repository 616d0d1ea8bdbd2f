// Judging a kickstart before a machine gets it: Anaconda ends at a parse error without a word to anybody (kickstart-and-iso.md section 2.2).
import type { KickstartRelease } from '../contract/kickstart-release.ts'
import { isFedora, knowsCommand, mayHaveOption } from './commands.ts'
import type { KickstartProblem } from './errors.ts'
import { optionsOf, parseKickstart } from './parse.ts'
import type { Kickstart, KickstartCommand } from './parse.ts'

export interface CheckOptions {
  release: KickstartRelease
  /** Texts of the files that the kickstart includes, by path: `%pre` writes them. Others are refused. */
  includes?: Readonly<Record<string, string>>
}

/** Commands of which an unattended image-mode install needs exactly one. */
const PAYLOADS = ['ostreecontainer', 'bootc']
const ENDS = ['reboot', 'poweroff', 'halt', 'shutdown']
/** Without these Anaconda stops and asks. */
const NEEDED = ['lang', 'keyboard', 'timezone', 'network', 'rootpw', 'zerombr', 'clearpart']
/** Ignored without a word beside an image payload, or harmful (sections 1.3 and 8.2). */
const UNWANTED = 'url repo cdrom nfs harddrive hmc liveimg module ostreesetup vnc'.split(' ')
const BOOTLOADER_OPTIONS = ['append', 'boot-drive', 'leavebootorder']

/** Everything wrong with a kickstart, in the order of its lines; none means that it parses and installs unattended. */
export function checkKickstart(text: string, { release, includes = {} }: CheckOptions): KickstartProblem[] {
  const main = parseKickstart(text)
  const problems = [...textProblems(text), ...main.problems]
  const parts = [main]
  for (const { line, path } of main.includes) {
    const included = includes[path]
    if (included === undefined) problems.push({ line, message: `%include ${path}: no such file is made by %pre` })
    else parts.push(atLine(parseKickstart(included), line))
  }
  problems.push(...parts.slice(1).flatMap((part) => part.problems))
  const commands = parts.flatMap((part) => part.commands)
  problems.push(...commands.flatMap((command) => [...commandProblems(command, release)]))
  problems.push(...wholeProblems(commands, release), ...sectionProblems(main))
  return problems.sort((a, b) => a.line - b.line)
}

function* textProblems(text: string): Generator<KickstartProblem> {
  if (text.startsWith('\ufeff')) yield { line: 1, message: 'begins with a byte order mark' }
  if (!text.endsWith('\n')) yield { line: text.split('\n').length, message: 'does not end with a newline' }
  const carriage = text.split('\n').findIndex((line) => line.includes('\r'))
  if (carriage >= 0) yield { line: carriage + 1, message: 'holds a carriage return' }
}

/** What a part of another file is wrong with is told at the line that includes it. */
function atLine(kickstart: Kickstart, line: number): Kickstart {
  return {
    ...kickstart,
    commands: kickstart.commands.map((command) => ({ ...command, line })),
    problems: kickstart.problems.map((problem) => ({ ...problem, line })),
  }
}

function* commandProblems(command: KickstartCommand, release: KickstartRelease): Generator<KickstartProblem> {
  const { line, name } = command
  if (UNWANTED.includes(name)) {
    yield { line, message: `${name} has no place in a kickstart that installs an image` }
    return
  }
  if (!knowsCommand(release, name)) {
    yield { line, message: `${release} has no command ${name}` }
    return
  }
  const options = optionsOf(command)
  for (const option of options.keys()) {
    if (!mayHaveOption(release, name, option))
      yield { line, message: `${name} of ${release} has no option --${option}` }
  }
  const password =
    options.get('password') ?? (name === 'rootpw' ? command.words.find((word) => /^\$|^[^-]/.test(word)) : undefined)
  if (password !== undefined && !(options.has('iscrypted') && /^\$(6|y)\$/.test(password))) {
    yield { line, message: `${name} has a password that is no $6$ or $y$ crypt hash with --iscrypted` }
  }
  if (name === 'bootloader') {
    for (const option of options.keys()) {
      if (!BOOTLOADER_OPTIONS.includes(option))
        yield { line, message: `bootloader --${option} has no effect on an image` }
    }
  }
  if (name === 'ostreecontainer') yield* containerProblems(line, options)
  if (name === 'bootc') yield* bootcProblems(line, options)
  if (name === 'autopart') {
    if (!options.has('type')) yield { line, message: 'autopart without --type: the default differs by release' }
    if (options.get('type') === 'btrfs' && !isFedora(release)) yield { line, message: `${release} has no btrfs` }
  }
}

function* containerProblems(line: number, options: Map<string, string>): Generator<KickstartProblem> {
  const url = options.get('url') ?? ''
  if (url === '') yield { line, message: 'ostreecontainer without --url' }
  if (/^[a-z-]+:(?!\d+(\/|$))/.test(url)) yield { line, message: `--url=${url} must not name a transport` }
  if (!options.has('transport')) yield { line, message: 'ostreecontainer without --transport' }
}

function* bootcProblems(line: number, options: Map<string, string>): Generator<KickstartProblem> {
  const prefix = /^(registry|oci|oci-archive|docker-archive|dir|containers-storage):/
  if (!prefix.test(options.get('source-imgref') ?? '')) {
    yield { line, message: 'bootc needs --source-imgref with a transport' }
  }
  const target = options.get('target-imgref') ?? ''
  if (target === '' || prefix.test(target)) yield { line, message: 'bootc needs --target-imgref without a transport' }
}

function* wholeProblems(commands: readonly KickstartCommand[], release: KickstartRelease): Generator<KickstartProblem> {
  const named = (...names: string[]) => commands.filter(({ name }) => names.includes(name))
  for (const names of [PAYLOADS, ENDS]) {
    const found = named(...names)
    if (found.length === 0) yield { line: 1, message: `none of ${names.join(', ')}` }
    for (const { line, name } of found.slice(1)) yield { line, message: `${name} besides ${found[0]!.name}` }
  }
  for (const name of NEEDED) if (named(name).length === 0) yield { line: 1, message: `${name} is missing` }
  const quiet = named('text', 'cmdline').some(
    (command) => command.name === 'cmdline' || optionsOf(command).has('non-interactive'),
  )
  if (!quiet) yield { line: 1, message: 'neither cmdline nor text --non-interactive: Anaconda would wait for answers' }
  for (const command of named('clearpart')) {
    const options = optionsOf(command)
    if (!options.has('initlabel')) yield { line: command.line, message: 'clearpart without --initlabel' }
  }
  yield* diskProblems(named)
  yield* accountProblems(named)
  yield* networkProblems(named('network'))
  if (named('bootc').length > 0) {
    for (const { line, name } of named('raid', 'firewall', 'services')) {
      yield { line, message: `${name} is not possible with the command bootc of ${release}` }
    }
  }
}

type Named = (...names: string[]) => readonly KickstartCommand[]

function* diskProblems(named: Named): Generator<KickstartProblem> {
  const ignored = named('ignoredisk')
  const only = ignored.flatMap((command) => (optionsOf(command).get('only-use') ?? '').split(',')).filter(Boolean)
  if (only.length === 0) yield { line: 1, message: 'ignoredisk --only-use is missing: every disk would be wiped' }
  const sloppy = (disk: string) => disk.replace(/^\/dev\//, '')
  const allowed = new Set(only.map(sloppy))
  for (const command of named('clearpart', 'part', 'bootloader')) {
    const options = optionsOf(command)
    for (const option of ['drives', 'ondisk', 'boot-drive']) {
      for (const disk of (options.get(option) ?? '').split(',').filter(Boolean)) {
        if (!allowed.has(sloppy(disk))) {
          yield { line: command.line, message: `${command.name} --${option}=${disk} is not in ignoredisk --only-use` }
        }
      }
    }
  }
  const automatic = named('autopart')
  const byHand = named('part', 'raid', 'volgroup', 'logvol', 'reqpart', 'btrfs')
  if (automatic.length > 0) {
    for (const { line, name } of byHand) yield { line, message: `${name} besides autopart` }
  } else {
    const mounts = named('part', 'raid', 'logvol', 'btrfs').map(({ line, words }) => ({
      line,
      mount: words.find((word) => !word.startsWith('-')) ?? '',
    }))
    const roots = mounts.filter(({ mount }) => mount === '/')
    if (roots.length !== 1) yield { line: roots[1]?.line ?? 1, message: `${roots.length} root file systems` }
    const belowVar = mounts.find(({ mount }) => mount.startsWith('/var/'))
    if (belowVar && !mounts.some(({ mount }) => mount === '/var')) {
      yield { line: belowVar.line, message: `${belowVar.mount} without a file system for /var` }
    }
  }
  for (const { line, words } of named('part', 'raid')) {
    const mount = words.find((word) => !word.startsWith('-'))
    if ((mount === '/boot' || mount === '/boot/efi') && words.includes('--encrypted')) {
      yield { line, message: `${mount} cannot be encrypted` }
    }
  }
}

function* accountProblems(named: Named): Generator<KickstartProblem> {
  const users = new Set(['root', ...named('user').map((command) => optionsOf(command).get('name') ?? '')])
  for (const command of named('sshkey')) {
    const user = optionsOf(command).get('username') ?? ''
    if (!users.has(user)) yield { line: command.line, message: `sshkey for ${user || 'nobody'}, who is not created` }
  }
}

function* networkProblems(networks: readonly KickstartCommand[]): Generator<KickstartProblem> {
  const devices = new Set<string>()
  for (const command of networks) {
    const options = optionsOf(command)
    const device = options.get('device')
    const key = `${device} ${options.get('vlanid') ?? ''}`
    if (device !== undefined && devices.has(key)) {
      yield { line: command.line, message: `a second network line for ${device}` }
    }
    devices.add(key)
    if (
      options.get('bootproto') === 'static' &&
      !(options.has('ip') && options.has('netmask')) &&
      !options.has('noipv4')
    ) {
      yield { line: command.line, message: 'a static network needs --ip and --netmask' }
    }
  }
}

function* sectionProblems({ sections }: Kickstart): Generator<KickstartProblem> {
  for (const { line, name } of sections) {
    if (name === '%traceback') yield { line, message: '%traceback is deprecated: use %onerror' }
    if (name === '%packages') yield { line, message: '%packages has no effect on an image' }
  }
}
