// The same for many machines, each by itself.
import { CoreError } from './errors.ts'
import type { Transactions } from './transactions.ts'

export interface MachineOutcome {
  machineId: string
  installId: string | null
  error: { code: string; message: string } | null
}

/**
 * Does the work for each machine, which returns the install it made, if any. One transaction for all: a thousand machines cost one sync of
 * the disk; work that throws a CoreError undoes only itself, so it has to be a transaction of its own. A failing store undoes everything.
 */
export function forEachMachine(
  transactions: Transactions,
  machines: readonly string[],
  work: (machineId: string) => string | null,
): MachineOutcome[] {
  return transactions.transaction(() =>
    machines.map((machineId) => {
      try {
        return { machineId, installId: work(machineId), error: null }
      } catch (error) {
        if (!(error instanceof CoreError) || error.code.startsWith('STORE_')) throw error
        return { machineId, installId: null, error: { code: error.code, message: error.message } }
      }
    }),
  )
}
