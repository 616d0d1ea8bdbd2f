// An event log on an in-memory database.
import { EventLog } from '../../../server/core/events.ts'
import { systemClock } from '../../../server/core/clock.ts'
import { openStore } from '../../../server/store/store.ts'

export function memoryLog(): EventLog {
  const store = openStore(':memory:')
  return new EventLog({ store: store.events, transactions: store.transactions, clock: systemClock })
}
