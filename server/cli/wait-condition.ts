// What `landfall wait --for` waits for, read from its text.
import { MachineState } from '../contract/machine.ts'
import type { MachineSummary } from '../contract/machine.ts'
import { CliError } from './errors.ts'

export interface WaitCondition {
  isMet(machine: MachineSummary): boolean
  /** Why it will not be met by itself any more; undefined while it may. */
  spoiled(machine: MachineSummary): string | undefined
}

const MIN_DIGEST = 12

/**
 * `state=deployed`, `state=ready,discovered`, `digest=sha256:...` (or its first 12 digits at least). Throws CliError 2.
 *
 * @example parseCondition('state=deployed').isMet(machine)
 */
export function parseCondition(text: string): WaitCondition {
  const [, key, value = ''] = /^(\w+)=(.+)$/.exec(text) ?? []
  if (key === 'state') {
    const states = value.split(',').map(parseState)
    return {
      isMet: ({ state }) => states.includes(state),
      spoiled: (machine) => spoiledState(machine),
    }
  }
  if (key === 'digest') {
    const digits = value.replace(/^sha256:/, '').toLowerCase()
    if (!/^[0-9a-f]+$/.test(digits) || digits.length < MIN_DIGEST || digits.length > 64) {
      throw new CliError(`--for ${text}: want sha256: and at least ${MIN_DIGEST} hex digits`, { exitCode: 2 })
    }
    return {
      isMet: ({ runningDigest }) => runningDigest?.startsWith(`sha256:${digits}`) === true,
      spoiled: (machine) => spoiledState(machine),
    }
  }
  throw new CliError(`--for ${text}: want state=STATE or digest=sha256:...`, {
    exitCode: 2,
    hint: `states are ${MachineState.options.join(', ')}; several are separated by commas`,
  })
}

function spoiledState({ state, failure }: MachineSummary): string | undefined {
  if (state === 'retired') return 'it is retired'
  if (state !== 'failed') return undefined
  return failure ? `${failure.code}: ${failure.message}` : 'it failed'
}

function parseState(text: string): MachineState {
  const state = MachineState.safeParse(text)
  if (state.success) return state.data
  throw new CliError(`no state ${text}: use one of ${MachineState.options.join(', ')}`, { exitCode: 2 })
}
