// The same for many machines, each by itself.
import { setImmediate as otherWork } from 'node:timers/promises'
import { CoreError } from './errors.ts'
import type { Transactions } from './transactions.ts'

export interface MachineOutcome {
  machineId: string
  installId: string | null
  error: { code: string; message: string } | null
}

export interface EachMachine {
  /** Returns the install it made, if any. Work that throws a CoreError undoes only itself, so it has to be a transaction of its own. */
  work(machineId: string): string | null
  /** Comes before the work for these. */
  prepare?(machines: readonly string[]): Promise<void>
}

/** Ten to twenty milliseconds of work: DHCP, agents and pages wait no longer than that. */
const SLICE = 10

/**
 * Does the work slice by slice, and lets others have their turn between two of them. Each slice is a transaction, which costs one sync of the disk. When
 * the store fails, nothing is done any more: in the first slice that is thrown, later it is the outcome of the machines that were not reached.
 */
export async function forEachMachine(
  transactions: Transactions,
  machines: readonly string[],
  { work, prepare }: EachMachine,
): Promise<MachineOutcome[]> {
  const outcomes: MachineOutcome[] = []
  while (outcomes.length < machines.length) {
    if (outcomes.length > 0) await otherWork()
    const slice = machines.slice(outcomes.length, outcomes.length + SLICE)
    try {
      await prepare?.(slice)
      outcomes.push(...transactions.transaction(() => slice.map((machineId) => attempt(machineId, work))))
    } catch (error) {
      if (!(error instanceof CoreError) || outcomes.length === 0) throw error
      return [...outcomes, ...machines.slice(outcomes.length).map((machineId) => refused(machineId, error))]
    }
  }
  return outcomes
}

function attempt(machineId: string, work: EachMachine['work']): MachineOutcome {
  try {
    return { machineId, installId: work(machineId), error: null }
  } catch (error) {
    if (!(error instanceof CoreError) || error.code.startsWith('STORE_')) throw error
    return refused(machineId, error)
  }
}

function refused(machineId: string, { code, message }: CoreError): MachineOutcome {
  return { machineId, installId: null, error: { code, message } }
}
