// Where one boot of a machine ends and the next begins.
import type { Happening } from './happenings.ts'
import { roleOf } from './roles.ts'

/** Firmware tries PXE, HTTP and IPv6 one after the other, each for a minute or two: one story all the same. */
const ASKING_PAUSE_MS = 5 * 60_000
/** A kernel may think for long before its installer says a word. */
const PAUSE_MS = 30 * 60_000

/** The happenings, boot by boot, the oldest first. What a running system does between boots is a story of its own. */
export function bootsOf(happenings: readonly Happening[]): Happening[][] {
  const boots: Boot[] = []
  for (const happening of happenings) {
    const current = boots.at(-1)
    if (current && belongs(happening, current)) join(happening, current)
    else boots.push(join(happening, { happenings: [], lastAt: 0, advanced: false, routineOnly: true }))
  }
  return boots.map(({ happenings: own }) => own)
}

interface Boot {
  happenings: Happening[]
  lastAt: number
  /** A loader of ours ran: whoever asks as firmware again has been started again. */
  advanced: boolean
  /** Nothing but an operating system was heard. */
  routineOnly: boolean
}

function belongs(happening: Happening, { lastAt, advanced, routineOnly }: Boot): boolean {
  const pause = happening.at - lastAt
  if (happening.type !== 'dhcp') return !routineOnly && pause <= PAUSE_MS
  if (isRoutine(happening))
    return routineOnly || pause <= ASKING_PAUSE_MS || (advanced && startsSystem(happening, pause))
  if (!happening.request.begins) return !routineOnly
  return !routineOnly && !advanced && pause <= ASKING_PAUSE_MS
}

/** The installer asks for an address of its own; it looks for servers, while a system that runs only renews. */
function startsSystem({ request }: Happening & { type: 'dhcp' }, pause: number): boolean {
  return request.begins && pause <= PAUSE_MS
}

function join(happening: Happening, boot: Boot): Boot {
  boot.happenings.push(happening)
  boot.lastAt = happening.at
  boot.advanced ||= happening.type === 'http' && ADVANCED.has(roleOf(happening.request.path))
  boot.routineOnly &&= happening.type === 'dhcp' && isRoutine(happening)
  return boot
}

const ADVANCED: ReadonlySet<string> = new Set(['script', 'kernel', 'initramfs', 'ca', 'kickstart'])

function isRoutine({ request }: Happening & { type: 'dhcp' }): boolean {
  return !request.client.netboot
}
