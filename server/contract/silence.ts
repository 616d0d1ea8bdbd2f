// Machines that were not heard of for a while in the middle of an install: no state of its own, since they may well come back.
import { formatAge } from './age.ts'
import type { MachineState, MachineSummary } from './machine.ts'

/** What a person does about it, by where the machine was. Only in these states can a machine be silent. */
const NEXT = {
  booting: 'look at its console: whether its firmware loads the installer, and whether that starts; power-cycle it',
  installing: 'look at its console; power-cycled, it starts the install over; cancel the install to give up',
  rebooting: 'look at its console: whether its firmware boots from the disk; power-cycle it, or reinstall',
} as const satisfies Partial<Record<MachineState, string>>

/** States in which a machine is to be heard of again soon, whoever it belongs to. */
export const TELLING = Object.keys(NEXT) as readonly (keyof typeof NEXT)[]

export function isTelling(state: MachineState): state is keyof typeof NEXT {
  return Object.hasOwn(NEXT, state)
}

/** `silent for 14 min`; undefined for a machine that is not. `now`: milliseconds since the epoch. */
export function silenceText(
  { silentSince }: Pick<MachineSummary, 'silentSince'>,
  now = Date.now(),
): string | undefined {
  return silentSince === null ? undefined : `silent for ${formatAge(silentSince, now)}`
}

/** What to do about a silent machine. */
export function silenceHint(state: MachineState): string {
  return isTelling(state) ? NEXT[state] : NEXT.installing
}
