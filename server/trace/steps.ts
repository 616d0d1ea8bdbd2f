// Happenings as steps of a story: a sentence each, the same one after the other told once.
import { formatBytes } from '../contract/bytes.ts'
import type { Event } from '../contract/event.ts'
import type { StoryStep } from '../contract/trace.ts'
import type { IgnoredReason } from '../dhcp/events.ts'
import { describeClient, reasonOfFile } from './client-text.ts'
import type { DhcpRequest } from './dhcp-request.ts'
import type { DhcpDecision } from './entry.ts'
import { entryText, printable } from './entry-text.ts'
import type { DhcpHappening, Happening, HttpHappening, TftpHappening } from './happenings.ts'
import { fileName, isOptional, roleOf } from './roles.ts'
import type { FileRole } from './roles.ts'

type Draft = Pick<StoryStep, 'phase' | 'level' | 'text' | 'reason'>

/** Details kept of one step: of more repeats than that, the first ones will do. */
const MAX_ENTRIES = 40

export function stepsOf(happenings: readonly Happening[]): StoryStep[] {
  const first = happenings[0]?.at ?? 0
  const steps: StoryStep[] = []
  /** When the newest step was first taken. */
  let from = first
  for (const happening of happenings) {
    const draft = draftOf(happening)
    const last = steps.at(-1)
    const entries = happening.entries.map(entryText)
    if (last && last.text === draft.text && last.reason === draft.reason) {
      last.count++
      last.lastedSeconds = seconds(happening.at - from)
      last.entries.push(...entries.slice(0, Math.max(0, MAX_ENTRIES - last.entries.length)))
      continue
    }
    from = happening.at
    steps.push({
      at: new Date(happening.at).toISOString(),
      seconds: seconds(Math.max(0, happening.at - first)),
      count: 1,
      lastedSeconds: 0,
      ...draft,
      text: printable(draft.text),
      reason: draft.reason === null ? null : printable(draft.reason),
      entries,
    })
  }
  return steps
}

function seconds(ms: number): number {
  return Math.round(ms / 100) / 10
}

function draftOf(happening: Happening): Draft {
  switch (happening.type) {
    case 'malformed':
      return { phase: 'dhcp', level: 'warning', text: 'sent something that is no DHCP', reason: happening.reason }
    case 'dhcp':
      return dhcpStep(happening)
    case 'tftp':
      return tftpStep(happening)
    case 'http':
      return httpStep(happening)
    case 'event': {
      const registered = happening.event.type === 'machine.facts'
      return {
        phase: 'installer',
        level: registered ? 'success' : happening.event.type === 'boot.loader' ? 'warning' : 'danger',
        text: registered ? 'the installer registered and told what the machine is' : happening.event.message,
        reason: null,
      }
    }
  }
}

/** Asking for so long before the first packet arrives, says a client that counts seconds. */
const LATE_SECONDS = 8

function dhcpStep({ request, otherServer, decisions, replies }: DhcpHappening): Draft {
  const { client, name, seconds: asking } = request
  const what = `${name}${aboutOf(request, otherServer)} from ${describeClient(client)}`
  const relay = request.relay === undefined ? '' : ` through relay ${request.relay}`
  // The request itself names the other server.
  const told = decisions.filter(({ type }) => type !== 'foreign-server').map((decision) => decisionText(decision))
  const silence = otherServer === undefined ? 'not answered' : 'left to that server'
  const answers = told.length > 0 ? told : [{ text: silence, reason: null, level: 'info' as const }]
  const late = client.netboot && asking >= LATE_SECONDS
  const reasons = [
    ...answers.flatMap(({ reason }) => (reason === null ? [] : [reason])),
    ...(late ? [`it had been asking for ${asking} s: its switch port may have kept silent until now`] : []),
  ]
  return {
    phase: 'dhcp',
    level: worst(answers.map(({ level }) => level)),
    text: `${what}${relay}: ${answers.map(({ text }) => text).join('; ')}${replies > 1 ? ` (${replies} replies)` : ''}`,
    reason: reasons.join('; ') || null,
  }
}

function aboutOf({ address }: DhcpRequest, otherServer: string | undefined): string {
  const server = otherServer === undefined ? '' : ` of the DHCP server ${otherServer}`
  return address === undefined ? server : ` for ${address}${server}`
}

const IGNORED: Readonly<Record<IgnoredReason, string>> = {
  'other-server-chosen': 'the client decided for another DHCP server',
  'unknown-client': 'another DHCP server may know this client',
  'unknown-subnet': 'this server has no addresses for that network',
  'unknown-link': 'it may have come from another link of this host',
  'no-identity': 'the client does not tell who it is',
  'not-ours': 'it concerns an address that was not given out here',
  'not-netbooting': 'the client does not netboot, and addresses are given by another server',
  'nothing-to-boot': 'the machine shall not boot from the network',
  'unsupported-message': 'such messages need no answer here',
  'checking-address': 'its first address is still being checked for other users',
  'undecided-mode': 'whether another DHCP server gives addresses here is still being found out',
}

interface Told {
  text: string
  reason: string | null
  level: StoryStep['level']
}

function decisionText(decision: DhcpDecision): Told {
  const info = (text: string, reason: string | null = null): Told => ({ text, reason, level: 'info' })
  const warning = (text: string, reason: string | null = null): Told => ({ text, reason, level: 'warning' })
  const { client } = decision
  switch (decision.type) {
    case 'offer':
    case 'ack': {
      const verb = decision.type === 'offer' ? 'offered' : 'confirmed'
      const { boot, address } = decision
      if (boot) return info(`${verb} ${address} and ${boot.file}`, reasonOfFile(client, boot))
      return info(`${verb} ${address}${client.netboot ? ', and nothing to boot' : ''}`)
    }
    case 'proxy-offer':
      return info(`offered ${decision.boot.file} beside the other DHCP server`, reasonOfFile(client, decision.boot))
    case 'boot-server-ack':
      return info(`told ${decision.boot.file} on the boot server port`, reasonOfFile(client, decision.boot))
    case 'inform':
      return decision.boot
        ? info(`told ${decision.boot.file}, for its address ${decision.address}`, reasonOfFile(client, decision.boot))
        : info(`told what it needs beside its address ${decision.address}`)
    case 'release':
      return info(`took back ${decision.address}`)
    case 'nak':
      return warning(`refused ${decision.address}`, decision.reason)
    case 'ignored':
      return decision.reason === 'checking-address' || decision.reason === 'other-server-chosen'
        ? info('not answered', IGNORED[decision.reason])
        : warning('not answered', IGNORED[decision.reason])
    case 'decline':
      return warning(`set ${decision.address} aside`, 'the client found another machine on it')
    case 'conflict':
      return warning(`set ${decision.address} aside`, `${decision.foundMac} answers there`)
    case 'reservation-busy':
      return warning(
        `its reserved address ${decision.address} is in use`,
        decision.usedBy ? `by ${decision.usedBy}` : null,
      )
    case 'pool-exhausted':
      return { text: 'not answered', reason: `no address of ${decision.subnet} is left`, level: 'danger' }
    case 'refused':
      return { text: 'offered nothing', reason: decision.reason, level: 'danger' }
    case 'boot-loop':
      return { text: `this was loader ${decision.loaders} in ten minutes`, reason: null, level: 'danger' }
    case 'foreign-server':
      return info(`the DHCP server ${decision.server} answers here too`)
    case 'failed':
      return { text: 'no answer could be made', reason: errorText(decision.error), level: 'danger' }
  }
}

function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

const LEVELS: readonly StoryStep['level'][] = ['info', 'success', 'warning', 'danger']

function worst(levels: readonly StoryStep['level'][]): StoryStep['level'] {
  return LEVELS[Math.max(...levels.map((level) => LEVELS.indexOf(level)))]!
}

function tftpStep({ file, request, outcome, decision }: TftpHappening): Draft {
  const phase = roleOf(file) === 'script' || roleOf(file) === 'preamble' ? 'script' : 'loader'
  const step = (level: StoryStep['level'], text: string, reason: string | null = null): Draft => ({
    phase,
    level,
    text,
    reason,
  })
  if (!outcome) return step('info', `${request?.op === 'wrq' ? 'wants to write' : 'is fetching'} ${file} by TFTP`)
  if (outcome.type === 'refused') {
    if (outcome.reason !== 'not-found') return step('danger', `was refused ${file} by TFTP`, outcome.reason)
    if (phase === 'script' || isOptional(file) || roleOf(file) !== 'loader') {
      return step('info', `asked for ${file} by TFTP, which is not here`, 'loaders try many names: this is normal')
    }
    return step('warning', `asked for ${file} by TFTP, which is not here`)
  }
  const { bytes, size, ms, resends, message } = outcome
  if (decision) return step('success', `fetched its boot script by TFTP: ${toldBy(decision)}`)
  const part = `${formatBytes(bytes)} of ${formatBytes(size)}`
  const lost = resends > 0 ? `${resends} datagrams had to be sent again` : null
  switch (outcome.outcome) {
    case 'completed':
      return step('success', `fetched ${file} by TFTP: ${formatBytes(size)} in ${duration(ms)}`, lost)
    case 'probed':
      return step('info', `asked for the size of ${file} by TFTP: ${formatBytes(size)}`)
    case 'closed':
      return step('info', `fetched ${file} by TFTP as far as it wanted: ${part}`)
    case 'replaced':
      return step('info', `began to fetch ${file} by TFTP anew`)
    case 'stopped':
      return step('warning', `fetched ${file} by TFTP in part: ${part}`, 'the server was stopped')
    case 'aborted':
      return step('danger', `broke off ${file} by TFTP after ${part}`, message ?? null)
    case 'failed':
      return step('danger', `${file} by TFTP failed after ${part}`, message ?? null)
    case 'timed-out':
      return step('danger', `stopped acknowledging ${file} by TFTP after ${part}`, lost)
  }
}

const NAMES: Partial<Record<FileRole, string>> = {
  kernel: 'the kernel',
  initramfs: 'the initramfs',
  ca: 'the CA certificate',
  kickstart: 'its kickstart',
}

function httpStep({ at, request, end, decision }: HttpHappening): Draft {
  const { method, status, bytes } = request
  const path = request.path.split('?')[0]!
  const role = roleOf(path)
  const phase = role === 'loader' ? 'loader' : role === 'script' || role === 'preamble' ? 'script' : 'installer'
  const name = NAMES[role] ?? (phase === 'script' ? path : fileName(path))
  const step = (level: StoryStep['level'], text: string, reason: string | null = null): Draft => ({
    phase,
    level,
    text,
    reason,
  })
  if (status >= 400) {
    const isNormal = isOptional(path) || phase === 'script'
    const text = `asked for ${path} by HTTP and got ${status}`
    return step(isNormal ? 'info' : 'danger', text, isNormal ? 'loaders try many names: this is normal' : null)
  }
  if (decision) return step('success', `fetched its boot script: ${toldBy(decision)}`)
  if (method === 'HEAD') return step('info', `asked for the size of ${name} by HTTP: ${formatBytes(bytes)}`)
  if (!end) return step('info', `is fetching ${name} by HTTP: ${formatBytes(bytes)}`)
  const took = duration(end.at - at)
  return end.complete
    ? step('success', `fetched ${name} by HTTP: ${formatBytes(bytes)} in ${took}`)
    : step('danger', `broke off ${name} by HTTP after ${took}`)
}

/** The decision and its reason, without the machine's name, which everybody knows here. */
function toldBy({ message }: Event): string {
  return / asked what to boot: (.*)$/.exec(message)?.[1] ?? message
}

function duration(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`
}
