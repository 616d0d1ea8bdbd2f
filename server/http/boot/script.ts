// The iPXE script that tells a machine what was decided. There is always one, whatever happens while deciding.
import type { Templates } from '../../render/templates.ts'

/** What a machine that netboots shall do now, and why, in words for the technician at its screen. */
export interface DecidedBoot {
  /** `discover` starts the same installer, which then waits for an image. */
  decision: 'install' | 'discover' | 'kickstart' | 'local' | 'ignore'
  /** Names the machine: `web-07 (52:54:00:12:34:56)`. */
  machine: string
  reason: string
  /** Install token; for `install`, `discover` and `kickstart`. */
  token?: string
  /** Values for `console=`. */
  consoles?: readonly string[]
  /** Of the installer; amd64 when absent. */
  architecture?: string
  /** Paths below this server of its boot medium; for `kickstart`. */
  medium?: { path: string; kernel: string; initrd: string }
}

/** This server as the asking machine sees it. */
export interface ServerView {
  name: string
  /** `http://192.0.2.1:8080`, without a slash at the end. */
  http: string
  /** `https://192.0.2.1:8443` */
  https: string
  /** SHA-256 of the CA certificate's DER, hex. */
  caFingerprint: string
}

export const TITLES: Record<DecidedBoot['decision'], string> = {
  install: 'Install',
  discover: 'Start the installer and wait',
  kickstart: 'Install by Anaconda',
  local: 'Boot from the local disk',
  ignore: 'Leave alone',
}

/** Used when not even templates work: said without any of them. */
export const LAST_RESORT = '#!ipxe\necho Landfall has an internal error, booting the local disk\nexit 1\n'

/** How often a machine comes back when Landfall could not decide, before it goes to its disk. */
const TROUBLE_TRIES = 20

/** Phrases a decision for iPXE. */
export function decisionScript(templates: Templates, server: ServerView, boot: DecidedBoot): string {
  const banner = { server: server.name, machine: boot.machine, decision: TITLES[boot.decision], reason: boot.reason }
  if (boot.decision === 'local' || boot.decision === 'ignore') return templates.render('ipxe/local.ipxe', banner)
  const { kernel, initrd, args } = bootedFiles(server, boot)
  return templates.render(boot.medium ? 'ipxe/anaconda.ipxe' : 'ipxe/install.ipxe', {
    ...banner,
    http: server.http,
    kernel: `${server.http}${kernel}`,
    initrd: `${server.http}${initrd}`,
    arguments: args,
  })
}

/** What a decision to start an installer starts: paths on this server, and the kernel's arguments. */
export function bootedFiles(server: ServerView, boot: DecidedBoot): { kernel: string; initrd: string; args: string[] } {
  const { medium, architecture = 'amd64' } = boot
  if (medium) {
    return { kernel: medium.kernel, initrd: medium.initrd, args: anacondaArguments(server, boot, medium.path) }
  }
  const folder = architecture === 'amd64' ? '/boot/installer' : `/boot/installer/${architecture}`
  return { kernel: `${folder}/vmlinuz`, initrd: `${folder}/initrd.img`, args: installerArguments(server, boot) }
}

/** For a machine whose request does not name it: makes it ask again with all it knows of itself. */
export function identifyScript(templates: Templates, server: ServerView): string {
  return templates.render('ipxe/identify.ipxe', { http: server.http, ipv6: isIpv6(server) })
}

/** For the time in which Landfall cannot decide (its disk is full, say): says so and makes the machine ask again, a bounded number of times. */
export function troubleScript(templates: Templates, server: ServerView, attempt: number, trouble: string): string {
  return templates.render('ipxe/trouble.ipxe', {
    http: server.http,
    trouble,
    attempt: attempt + 1,
    again: attempt < TROUBLE_TRIES,
  })
}

/** kickstart-and-iso.md section 3.2. Names without `inst.` are not known any more; the path has the token, for GRUB takes no query. */
function anacondaArguments(server: ServerView, boot: DecidedBoot, medium: string): string[] {
  return [
    `inst.stage2=${server.http}${medium}`,
    `inst.ks=${server.http}/i/${boot.token}/ks`,
    'inst.ks.sendmac',
    'inst.ks.sendsn',
    'inst.cmdline',
    'inst.nosave=all_ks',
    isIpv6(server) ? 'ip=auto6' : 'ip=dhcp',
    'rd.net.timeout.carrier=60',
    ...consoleArguments(boot),
  ]
}

/** What the kernel command line tells Landfall's own installer. */
export function installerArguments(server: ServerView, boot: DecidedBoot): string[] {
  return [
    `landfall.url=${server.https}`,
    `landfall.http=${server.http}`,
    `landfall.ca=${server.caFingerprint}`,
    ...(boot.token === undefined ? [] : [`landfall.token=${boot.token}`]),
    ...consoleArguments(boot),
  ]
}

/** The machine asked by IPv6, and may have nothing else. */
function isIpv6({ http }: ServerView): boolean {
  return http.startsWith('http://[')
}

/** ARM's own serial port comes first, as the last one is the main one; what a machine does not have, its kernel passes over. */
function consoleArguments({ consoles = [], architecture }: DecidedBoot): string[] {
  const usual = architecture === 'arm64' && !consoles.some((name) => name.startsWith('ttyAMA')) ? ['ttyAMA0'] : []
  return [...usual, ...consoles].map((console) => `console=${console}`)
}
