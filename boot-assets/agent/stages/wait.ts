// Asks the server what to do, for as long as it takes, and shows a calm screen meanwhile.
import type { RegisterResponse, Task } from '../../../server/contract/agent.ts'
import type { Facts } from '../../../server/contract/facts.ts'
import type { Console } from '../console.ts'
import type { Session } from '../link/session.ts'
import { machineRows } from './who.ts'

/** The protocol's longest poll, seconds. */
const LONG_POLL = 50

/** Resolves with the first task that is something to do. Each new message of the server is shown once. */
export async function waitForTask(
  session: Session,
  console: Console,
  describe: () => { facts: Facts; url: string },
): Promise<Exclude<Task, { type: 'wait' }>> {
  let shown: string | undefined
  for (;;) {
    // The first poll answers at once, so that nobody waits for a screen that says what to wait for.
    const task = await session.nextTask(shown === undefined ? 0 : LONG_POLL)
    if (task.type !== 'wait') return task
    if (task.message !== shown) {
      const { facts, url } = describe()
      console.block(task.message, waitingRows(session.registration, facts, url))
      shown = task.message
    }
  }
}

function waitingRows(
  registration: RegisterResponse | undefined,
  facts: Facts,
  url: string,
): (readonly [string, string])[] {
  return [
    ['Machine', registration?.machineName ?? 'not registered yet'],
    ...machineRows(facts),
    ['Server', `${registration?.serverName ?? ''} ${url}`.trim()],
  ]
}
