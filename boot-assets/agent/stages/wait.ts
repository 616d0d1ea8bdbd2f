// Asks the server what to do, for as long as it takes, and shows a calm screen meanwhile.
import { formatBytes } from '../../../server/contract/bytes.ts'
import type { RegisterResponse, Task } from '../../../server/contract/agent.ts'
import type { Facts } from '../../../server/contract/facts.ts'
import type { Console } from '../console.ts'
import type { Session } from '../link/session.ts'
import { bootNic } from './identify.ts'

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

/** Who this machine is, for the person in front of it. */
function waitingRows(
  registration: RegisterResponse | undefined,
  facts: Facts,
  url: string,
): (readonly [string, string])[] {
  const nic = bootNic(facts.nics)
  const product = [facts.smbios.vendor, facts.smbios.product].filter((text) => text !== undefined).join(' ')
  return [
    ['Machine', registration?.machineName ?? 'not registered yet'],
    ['Hardware', product || 'unknown'],
    ['Serial', facts.smbios.serial ?? 'none'],
    ['MAC', `${nic.mac} (${nic.name})`],
    ['Address', nic.addresses[0] ?? 'none'],
    ['Firmware', `${facts.firmware.toUpperCase()}${facts.secureBoot ? ', Secure Boot on' : ''}`],
    ['Memory', `${facts.cpu.threads} CPU threads, ${formatBytes(facts.memoryBytes)}`],
    ...facts.disks.map(
      (disk) =>
        [
          'Disk',
          [disk.name, formatBytes(disk.size), disk.model, disk.serial && `serial ${disk.serial}`, disk.blocked]
            .filter((text) => text !== undefined)
            .join(', '),
        ] as const,
    ),
    ['Server', `${registration?.serverName ?? ''} ${url}`.trim()],
  ]
}
