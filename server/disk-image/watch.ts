// Follows the install of the virtual machine until its disk is done.
import { setTimeout as sleep } from 'node:timers/promises'
import { Install } from '../contract/install.ts'
import type { InstallStep, InstallStepName } from '../contract/install.ts'
import { DiskImageError } from './errors.ts'
import type { VirtualMachine } from './virtual-machine.ts'

/** What a build tells while it works. */
export interface BuildReport {
  /** A step has begun; `message` says what of it. */
  step(name: InstallStepName | 'prepare' | 'boot' | 'convert', message: string): void
  progress(bytes: number, totalBytes: number, message: string): void
}

export interface WatchOptions {
  machine: Pick<VirtualMachine, 'running' | 'exited' | 'tail'>
  install: () => Promise<Install>
  report: BuildReport
  signal: AbortSignal
  /** Milliseconds without any news after which nothing more is expected: emulated, single steps take minutes. */
  patience?: number
  pollInterval?: number
}

const PATIENCE = 20 * 60_000
const POLL_INTERVAL = 500
/** The machine writes its disk out and switches itself off. */
const POWER_OFF = 5 * 60_000

/**
 * Resolves when the install is done and the machine is off. Throws DiskImageError INSTALL_FAILED with the installer's own reason,
 * MACHINE_ENDED, MACHINE_STALLED, ABORTED; the machine is then left to the caller.
 */
export async function watchInstall(options: WatchOptions): Promise<void> {
  const { machine, install, report, signal, patience = PATIENCE, pollInterval = POLL_INTERVAL } = options
  let told = ''
  let newsAt = Date.now()
  const seen = new Set<InstallStepName>()
  for (;;) {
    if (signal.aborted) throw new DiskImageError('ABORTED', 'the build was stopped')
    // Asked before the state: what a machine reports, it reports while it runs.
    const { running } = machine
    const found = await install()
    for (const step of found.steps) tell(step, seen, report)
    if (found.failure) {
      const { code, message, hint } = found.failure
      throw new DiskImageError('INSTALL_FAILED', `${code}: ${message}`, { hint })
    }
    if (found.state === 'rebooting') break
    if (!running) throw await ended(machine, 'MACHINE_ENDED', 'the virtual machine ended before its install did')
    const news = JSON.stringify(found.steps)
    if (news !== told) newsAt = Date.now()
    told = news
    if (Date.now() - newsAt > patience) {
      const minutes = Math.round(patience / 60_000)
      throw await ended(machine, 'MACHINE_STALLED', `nothing was heard of the virtual machine for ${minutes} minutes`)
    }
    await sleep(pollInterval)
  }
  const timer = new AbortController()
  const off = await Promise.race([
    machine.exited.then(() => true),
    sleep(POWER_OFF, false, { signal: timer.signal }).catch(() => false),
  ])
  timer.abort()
  if (!off) throw await ended(machine, 'MACHINE_STALLED', 'the virtual machine is installed and does not switch off')
}

function tell(step: InstallStep, seen: Set<InstallStepName>, report: BuildReport): void {
  if (step.state === 'pending' || step.name === 'confirm') return
  if (!seen.has(step.name)) report.step(step.name, step.message)
  seen.add(step.name)
  if (step.state === 'running' && step.totalBytes > 0) report.progress(step.bytes, step.totalBytes, step.message)
}

async function ended(
  machine: Pick<VirtualMachine, 'tail'>,
  code: 'MACHINE_ENDED' | 'MACHINE_STALLED',
  what: string,
): Promise<DiskImageError> {
  const tail = (await machine.tail()).split('\n').slice(-20).join('\n')
  return new DiskImageError(code, `${what}; its console ends with:\n${tail}`)
}
