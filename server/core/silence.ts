// Notices machines that stop telling in the middle of an install, which may be over, or a cable. Inventory.seen notices that they are back.
import { silenceHint, TELLING } from '../contract/silence.ts'
import type { Clock } from './clock.ts'
import type { EventLog } from './events.ts'
import type { InstallRecord, InstallStore } from './install-store.ts'
import type { MachineRecord, MachineStore } from './machine-store.ts'
import type { Transactions } from './transactions.ts'

const MINUTE_MS = 60_000

interface SilencePorts {
  machines: Pick<MachineStore, 'list' | 'update'>
  installs: Pick<InstallStore, 'newestActive'>
  events: EventLog
  transactions: Transactions
  clock: Clock
  /** How long a machine may be silent. */
  minutes: number
}

export class Silence {
  readonly #ports: SilencePorts
  readonly #startedAt: number

  constructor(ports: SilencePorts) {
    this.#ports = ports
    this.#startedAt = ports.clock.now().getTime()
  }

  /** Marks and tells of each machine that has become silent, once. Call it every minute or so. */
  notice(): void {
    const { machines, installs, transactions, clock, minutes } = this.#ports
    const limit = clock.now().getTime() - minutes * MINUTE_MS
    // Nobody could be heard before.
    if (limit < this.#startedAt) return
    transactions.transaction(() => {
      const seenBefore = new Date(limit).toISOString()
      for (const machine of machines.list({ states: TELLING, silent: 'false', seenBefore })) {
        const install = installs.newestActive(machine.id)
        // Switched off and shipped: nobody knows when it starts again.
        const isOff = machine.state === 'rebooting' && install?.spec.finish === 'poweroff'
        if (install && !isOff) this.#tell(machine, install)
      }
    })
  }

  #tell({ id, name, state, lastSeenAt }: MachineRecord, { id: installId, steps }: InstallRecord): void {
    const { machines, events, minutes } = this.#ports
    machines.update(id, { silentSince: lastSeenAt })
    const step = steps.findLast((one) => one.state !== 'pending')?.name
    const last = step === undefined ? '' : `, the last in step ${step}`
    const message = `machine ${name} has said nothing for ${minutes} min while ${state}${last}: ${silenceHint(state)}`
    const data = { since: lastSeenAt, state, step: step ?? null }
    events.append({ type: 'install.silent', machineId: id, installId, message, data })
  }
}
