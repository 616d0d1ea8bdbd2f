// The whole story of a client: its boots, the newest first, each with steps and what became of it.
import type { BootStory } from '../contract/trace.ts'
import { bootsOf } from './boots.ts'
import type { Entry } from './entry.ts'
import { happeningsOf } from './happenings.ts'
import type { Happening } from './happenings.ts'
import { progressOf } from './progress.ts'
import { verdictOf } from './reasons.ts'
import { stepsOf } from './steps.ts'

/** `entries` in order of time; `now` in milliseconds since the epoch. */
export function storiesOf(entries: readonly Entry[], now: number): BootStory[] {
  return bootsOfInterest(entries)
    .map((boot) => storyOf(boot, now))
    .reverse()
}

/** The newest of them alone, and what is known of the client by it. */
export function newestBoot(entries: readonly Entry[]): Happening[] {
  return bootsOfInterest(entries).at(-1) ?? []
}

function storyOf(boot: readonly Happening[], now: number): BootStory {
  const progress = progressOf(boot)
  return {
    startedAt: new Date(boot[0]!.at).toISOString(),
    lastAt: new Date(progress.lastAt).toISOString(),
    verdict: verdictOf(progress, now),
    steps: stepsOf(boot),
  }
}

/** What a system does that runs is told only of clients that never booted from the network. */
function bootsOfInterest(entries: readonly Entry[]): Happening[][] {
  const all = bootsOf(happeningsOf(entries))
  const netboots = all.filter((boot) => boot.some((one) => one.type !== 'dhcp' || one.request.client.netboot))
  return netboots.length > 0 ? netboots : all
}
