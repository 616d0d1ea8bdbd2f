// News as people tell them: what one person did to a hundred machines is one of them.

import type { Event } from '../../../../server/contract/event.ts'

export interface Run {
  /** The newest of those that are alike. */
  event: Event
  /** How many more there are, one after the other. */
  further: number
}

/** Events of one type by the same actor that follow each other become one. */
export function inRuns(events: readonly Event[]): Run[] {
  const runs: Run[] = []
  for (const event of events) {
    const last = runs.at(-1)
    if (last && last.event.type === event.type && last.event.actor === event.actor) last.further++
    else runs.push({ event, further: 0 })
  }
  return runs
}
