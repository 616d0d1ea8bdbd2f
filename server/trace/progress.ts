// How far a boot came, and the signs of what is in its way.
import type { Client } from '../dhcp/client.ts'
import type { DhcpRequest } from './dhcp-request.ts'
import type { DhcpDecision } from './entry.ts'
import type { DhcpHappening, Happening, HttpHappening, TftpHappening } from './happenings.ts'
import { fileName, isOptional, roleOf } from './roles.ts'

/** In the order a boot passes them. */
export const STAGES = [
  'silent',
  'asked',
  'offered',
  'promised',
  'loading',
  'loaded',
  'scripted',
  'kernel-loading',
  'kernel',
  'initramfs-loading',
  'initramfs',
  'installer',
  'ended',
] as const
export type Stage = (typeof STAGES)[number]

export type Sign =
  | 'netboot'
  | 'plain'
  | 'malformed'
  | 'refused'
  | 'unknown-subnet'
  | 'unknown-link'
  | 'pool-exhausted'
  | 'failed'
  | 'nak'
  | 'other-server'
  | 'relayed'
  | 'option-82-lost'
  | 'proxy-offer'
  | 'script-promised'
  | 'loop'
  | 'not-found'
  | 'tftp-timed-out'
  | 'tftp-refused'
  | 'broken-off'
  | 'told-local'
  | 'told-anaconda'
  | 'script-trouble'
  | 'kernel-not-found'
  | 'kernel-refused'
  | 'kickstart'
  | 'agent-refused'
  | 'registered'

export interface Progress {
  stage: Stage
  signs: ReadonlySet<Sign>
  /** Values for the sentences of the verdict. */
  names: Readonly<Record<string, string>>
  /** When the newest thing happened. */
  lastAt: number
}

/** Reads a boot's happenings for what they amount to. */
export function progressOf(happenings: readonly Happening[]): Progress {
  const reader = new ProgressReader()
  for (const happening of happenings) reader.read(happening)
  return reader.progress
}

class ProgressReader {
  #stage = 0
  readonly #signs = new Set<Sign>()
  readonly #names: Record<string, string> = { file: 'its boot file' }
  #lastAt = 0
  #firmwareAsked = false
  /** Whether the relay's messages came with option 82 so far. */
  #option82: boolean | undefined

  get progress(): Progress {
    return { stage: STAGES[this.#stage]!, signs: this.#signs, names: this.#names, lastAt: this.#lastAt }
  }

  read(happening: Happening): void {
    this.#lastAt = Math.max(this.#lastAt, happening.at)
    for (const { at } of happening.entries) this.#lastAt = Math.max(this.#lastAt, at)
    switch (happening.type) {
      case 'malformed':
        this.#signs.add('malformed')
        return
      case 'dhcp':
        this.#dhcp(happening)
        return
      case 'tftp':
        this.#tftp(happening)
        return
      case 'http':
        this.#http(happening)
        return
      case 'event':
        if (happening.event.type === 'machine.facts') this.#end('registered')
        if (happening.event.type === 'boot.refused') this.#signs.add('kernel-refused')
        if (happening.event.type === 'agent.refused') {
          this.#signs.add('agent-refused')
          this.#names['reason'] = happening.event.message
          this.#reach('installer')
        }
    }
  }

  #reach(stage: Stage): void {
    this.#stage = Math.max(this.#stage, STAGES.indexOf(stage))
  }

  #end(sign: Sign): void {
    this.#signs.add(sign)
    this.#reach('ended')
  }

  #dhcp({ request, otherServer, decisions, replies }: DhcpHappening): void {
    const { client } = request
    // The installer's own request comes late, and says nothing about the way there.
    if (!client.netboot && this.#stage > STAGES.indexOf('asked')) return
    this.#reach('asked')
    this.#signs.add(client.netboot ? 'netboot' : 'plain')
    // Our iPXE asks again by itself: whatever brought it there, it runs.
    if (client.kind === 'ipxe' && this.#firmwareAsked) this.#reach('loaded')
    this.#firmwareAsked ||= client.netboot && client.kind !== 'ipxe'
    this.#relay(request)
    if (request.chooses && otherServer !== undefined && replies === 0) {
      this.#signs.add('other-server')
      this.#names['server'] = otherServer
    }
    for (const decision of decisions) this.#decided(decision, client)
  }

  #relay({ relay, option82 }: DhcpRequest): void {
    if (relay === undefined) return
    this.#signs.add('relayed')
    this.#names['relay'] = relay
    if (option82 === undefined) return
    if (this.#option82 !== undefined && this.#option82 !== option82) this.#signs.add('option-82-lost')
    this.#option82 = option82
  }

  #decided(decision: DhcpDecision, { netboot }: Client): void {
    switch (decision.type) {
      case 'offer':
        this.#promise(decision.boot, 'offered')
        this.#names['address'] = decision.address
        return
      case 'proxy-offer':
        this.#signs.add('proxy-offer')
        this.#promise(decision.boot, 'offered')
        if (decision.boot.kind === 'script') this.#signs.add('script-promised')
        return
      case 'ack':
      case 'boot-server-ack':
      case 'inform':
        if (decision.type === 'inform' && !decision.boot) return
        this.#promise(decision.boot, 'promised')
        if (decision.boot?.kind === 'script') this.#signs.add('script-promised')
        if (!decision.boot && netboot) this.#end('told-local')
        return
      case 'ignored':
        if (decision.reason === 'unknown-subnet') this.#signs.add('unknown-subnet')
        if (decision.reason === 'unknown-link') this.#signs.add('unknown-link')
        if (decision.reason === 'nothing-to-boot') this.#end('told-local')
        return
      case 'refused':
        this.#signs.add('refused')
        this.#names['reason'] = decision.reason
        return
      case 'nak':
        this.#signs.add('nak')
        this.#names['reason'] = decision.reason
        return
      case 'pool-exhausted':
        this.#signs.add('pool-exhausted')
        this.#names['subnet'] = decision.subnet
        return
      case 'failed':
        this.#signs.add('failed')
        return
      case 'boot-loop':
        this.#signs.add('loop')
        this.#names['loaders'] = String(decision.loaders)
        return
      case 'decline':
      case 'conflict':
      case 'release':
      case 'reservation-busy':
      case 'foreign-server':
    }
  }

  #promise(boot: { file: string } | undefined, stage: Stage): void {
    if (boot) this.#names['file'] = boot.file
    this.#reach(stage)
  }

  #tftp({ file, outcome, decision }: TftpHappening): void {
    const role = roleOf(file)
    const wanted = role === 'loader' && !isOptional(file)
    if (wanted) this.#reach('loading')
    if (!outcome) return
    if (outcome.type === 'refused') {
      if (outcome.reason === 'not-found') {
        if (wanted) this.#trouble('not-found', file)
      } else this.#trouble('tftp-refused', file, outcome.reason)
      return
    }
    const whole = outcome.outcome === 'completed' || (outcome.outcome === 'closed' && outcome.bytes >= outcome.size)
    if (role === 'script' && (whole || decision)) this.#script(decision?.data['decision'], 200)
    if (whole && (role === 'kernel' || role === 'initramfs')) this.#reach(role)
    if (whole && wanted) this.#loaded(file)
    if (outcome.outcome === 'timed-out') this.#trouble('tftp-timed-out', file)
    if (outcome.outcome === 'aborted' || outcome.outcome === 'failed') {
      this.#trouble('broken-off', file, outcome.message)
    }
  }

  #trouble(sign: Sign, file: string, reason?: string): void {
    this.#signs.add(sign)
    this.#names['file'] = fileName(file)
    if (reason !== undefined) this.#names['reason'] = reason
  }

  #loaded(file: string): void {
    this.#reach('loaded')
    this.#names['file'] = fileName(file)
    for (const sign of ['tftp-timed-out', 'not-found', 'tftp-refused', 'broken-off'] as const) this.#signs.delete(sign)
  }

  #http({ request, end, decision }: HttpHappening): void {
    const { path, status, method } = request
    const role = roleOf(path)
    if (role === 'script') this.#script(decision?.data['decision'], status)
    const wanted = role === 'loader' || role === 'kernel' || role === 'initramfs'
    if (!wanted || isOptional(path)) {
      if (role === 'ca' && status < 400) this.#reach('installer')
      if (role === 'kickstart' && status < 400) this.#end('kickstart')
      return
    }
    if (status >= 400) {
      this.#trouble(role === 'loader' ? 'not-found' : 'kernel-not-found', path)
      return
    }
    const whole = method === 'GET' && end?.complete === true
    if (end?.complete === false) this.#trouble('broken-off', path)
    else if (role === 'loader' && whole) this.#loaded(path)
    else if (role === 'loader') this.#reach('loading')
    else {
      this.#names['file'] = fileName(path)
      if (whole) this.#signs.delete('broken-off')
      this.#reach(whole ? role : role === 'kernel' ? 'kernel-loading' : 'initramfs-loading')
    }
  }

  #script(decision: unknown, status: number): void {
    this.#reach('scripted')
    this.#signs.delete('broken-off')
    if (decision === 'local' || decision === 'ignore') this.#end('told-local')
    if (decision === 'kickstart') this.#signs.add('told-anaconda')
    if (status >= 500) this.#signs.add('script-trouble')
  }
}
