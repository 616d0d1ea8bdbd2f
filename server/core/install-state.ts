// The state machine of an install: what each thing that happens does to it. Pure; core/installs.ts stores the outcome.
import type { AgentEvent } from '../contract/agent.ts'
import { InstallStepName } from '../contract/install.ts'
import type { EraseReport } from '../contract/erase.ts'
import type { LayersReport } from '../contract/install-layers.ts'
import type { Failure, InstallState, InstallStep } from '../contract/install.ts'
import type { MachineState } from '../contract/machine.ts'
import { sampleRate } from './rate.ts'
import type { RateSample } from './rate.ts'

/** A step with what is needed to tell its rate. */
export type StepProgress = InstallStep & { sample: RateSample | null }

/** The part of an install that moves. */
export interface InstallProgress {
  state: InstallState
  steps: StepProgress[]
  erasures: EraseReport[]
  failure: Failure | null
  /** The start of the installer that works on it. */
  bootId: string | null
  startedAt: string | null
  endedAt: string | null
  confirmedDigest: string | null
  agentPeakRss: number | null
}

/** Kept of one install, the newest: more than any machine has disks and methods. */
const MAX_ERASURES = 500

/** What can happen to an install. */
export type InstallInput =
  /** The machine was handed the installer. */
  | { type: 'boot-served' }
  /** An agent of this machine registered. */
  | { type: 'agent-registered'; bootId: string }
  /** The agent was given the install as its task. */
  | { type: 'task-taken'; bootId: string }
  | { type: 'agent-event'; event: AgentEvent }
  /** The deployed system told what it runs. */
  | { type: 'confirmed'; digest: string; expected: string }
  | { type: 'cancelled'; by: string }
  /** The server itself cannot go on with it. */
  | { type: 'refused'; failure: Failure }
  /** A newer generation takes its place. */
  | { type: 'superseded' }

/** What others should learn. */
export type InstallNote =
  | { note: 'log'; level: 'debug' | 'info' | 'warn' | 'error'; text: string }
  | { note: 'step'; step: InstallStepName; state: InstallStep['state']; message: string }
  | { note: 'progress'; step: InstallStepName }
  | { note: 'erasure'; report: EraseReport }
  | { note: 'layers'; report: LayersReport }
  /** From here on the disk no longer holds what it held. */
  | { note: 'disk-touched' }
  | { note: 'failed'; failure: Failure }
  | { note: 'succeeded' }
  | { note: 'wrong-digest' }

export interface InstallMove {
  install: InstallProgress
  /** State the machine goes to; `idle` is whatever it was before the assignment. */
  machine?: MachineState | 'idle'
  notes: InstallNote[]
}

/** The input makes no sense now. `over`: and never will again. */
export interface InstallRefusal {
  refused: string
  over: boolean
}

/** Whatever was heard of layers no longer holds. */
const NO_LAYERS: LayersReport = { table: [], changes: [] }

export function newInstall(): InstallProgress {
  return {
    state: 'pending',
    steps: freshSteps(),
    erasures: [],
    failure: null,
    bootId: null,
    startedAt: null,
    endedAt: null,
    confirmedDigest: null,
    agentPeakRss: null,
  }
}

/** True while the install may still change the machine. */
export function isActive(state: InstallState): boolean {
  return state === 'pending' || state === 'running' || state === 'rebooting'
}

/** Applies one input; `at` is when it happened, ISO 8601. The argument is left alone. */
export function moveInstall(install: InstallProgress, input: InstallInput, at: string): InstallMove | InstallRefusal {
  const move = moved(install, input, at)
  return 'refused' in move ? move : withErasuresCutOff(install, move)
}

function moved(install: InstallProgress, input: InstallInput, at: string): InstallMove | InstallRefusal {
  switch (input.type) {
    case 'boot-served':
      return bootServed(install, at)
    case 'agent-registered':
      return agentRegistered(install, input.bootId, at)
    case 'task-taken':
      return taskTaken(install, input.bootId, at)
    case 'agent-event':
      return agentEvent(install, input.event, at)
    case 'confirmed':
      return confirmed(install, input, at)
    case 'cancelled':
      return cancelled(install, input.by, at)
    case 'refused':
      return isActive(install.state) ? failed(install, input.failure, 'plan', at) : unchanged(install)
    case 'superseded':
      if (!isActive(install.state)) return unchanged(install)
      return { install: { ...stopSteps(install, at), state: 'superseded', endedAt: at }, notes: [] }
  }
}

function bootServed(install: InstallProgress, at: string): InstallMove {
  if (install.state === 'running') return { install, machine: 'booting', notes: [] }
  if (install.state !== 'pending') return unchanged(install)
  const started = changeStep(install, 'boot', { state: 'running', startedAt: at, message: 'installer handed out' })
  return { install: started, machine: 'booting', notes: [stepNote(started, 'boot')] }
}

function agentRegistered(install: InstallProgress, bootId: string, at: string): InstallMove {
  if (install.state === 'pending') return bootDone(install, at)
  if (install.state !== 'running' || install.bootId === bootId) return unchanged(install)
  // Of what the former boot wrote, layers may be worth something: the agent finds out, with partitioning coming first again.
  const fresh = bootDone({ ...install, steps: freshSteps(), bootId }, at)
  const text = 'the installer was started again in the middle of the install: it starts over'
  return {
    ...fresh,
    machine: 'installing',
    notes: [{ note: 'log', level: 'warn', text }, { note: 'layers', report: NO_LAYERS }, ...fresh.notes],
  }
}

function taskTaken(install: InstallProgress, bootId: string, at: string): InstallMove | InstallRefusal {
  if (install.state === 'running') {
    const again = agentRegistered(install, bootId, at)
    return { ...again, machine: 'installing' }
  }
  if (install.state !== 'pending') return refuse(install, 'taking the install')
  const booted = bootDone(install, at)
  return {
    install: { ...booted.install, state: 'running', bootId, startedAt: at },
    machine: 'installing',
    notes: booted.notes,
  }
}

function agentEvent(install: InstallProgress, event: AgentEvent, at: string): InstallMove | InstallRefusal {
  if (install.state === 'pending') return { refused: 'nobody has taken this install yet', over: false }
  // What an agent says late is still worth reading, but changes nothing.
  if (event.type === 'log') return { install, notes: [{ note: 'log', level: event.level, text: event.text }] }
  // A disk that erases itself does not stop for an install that was.
  if (event.type === 'disk-erased') return recordErasure(install, event.report)
  if (install.state !== 'running') return unchanged(install)
  const move = runningEvent(install, event, at)
  return { machine: 'installing', ...move }
}

function runningEvent(
  install: InstallProgress,
  event: Exclude<AgentEvent, { type: 'log' | 'disk-erased' }>,
  at: string,
): InstallMove {
  switch (event.type) {
    case 'step-started': {
      const next = changeStep(install, event.step, {
        state: 'running',
        startedAt: at,
        endedAt: null,
        bytes: 0,
        totalBytes: event.totalBytes ?? 0,
        rate: 0,
        sample: null,
        message: event.message,
      })
      const touched: InstallNote[] = event.step === 'partition' ? [{ note: 'disk-touched' }] : []
      return { install: next, notes: [...touched, stepNote(next, event.step)] }
    }
    case 'progress': {
      const { rate, sample } = sampleRate(stepOf(install, event.step), { at, bytes: event.bytes })
      const { bytes, totalBytes, message } = event
      const next = changeStep(install, event.step, {
        bytes,
        totalBytes,
        rate,
        sample,
        ...(message && { message }),
      })
      const layers: InstallNote[] = event.layers ? [{ note: 'layers', report: event.layers }] : []
      return { install: next, notes: [{ note: 'progress', step: event.step }, ...layers] }
    }
    case 'step-done': {
      const { message, startedAt } = stepOf(install, event.step)
      const next = changeStep(install, event.step, {
        state: 'done',
        startedAt: startedAt ?? at,
        endedAt: at,
        rate: 0,
        sample: null,
        message: event.message || message,
      })
      return { install: next, notes: [stepNote(next, event.step)] }
    }
    case 'disk-erasing':
      return recordErasure(install, { ...event.report, endedAt: null, result: 'running', detail: '' })
    case 'failed':
      return failed(install, event.failure, event.step, at)
    case 'installed': {
      const left = changeStep({ ...install, state: 'rebooting', agentPeakRss: event.agentPeakRss ?? null }, 'confirm', {
        state: 'running',
        startedAt: at,
        message: 'waiting for the deployed system to tell what it runs',
      })
      return { install: left, machine: 'rebooting', notes: [stepNote(left, 'confirm')] }
    }
  }
}

/** An end takes the place of its beginning. */
function recordErasure(install: InstallProgress, report: EraseReport): InstallMove {
  const key = ({ name, method, startedAt }: EraseReport) => `${name} ${method} ${startedAt}`
  const others = install.erasures.filter((one) => key(one) !== key(report))
  // An agent gone mad shall not fill the disk.
  const erasures = [...others, report].slice(-MAX_ERASURES)
  return { install: { ...install, erasures }, notes: [{ note: 'erasure', report }] }
}

/** Whose end cannot be told by the boot that began them: it is over, or the install is. */
function withErasuresCutOff(before: InstallProgress, move: InstallMove): InstallMove {
  const { install } = move
  const restarted = install.bootId !== before.bootId
  if (install.state === 'running' && !restarted) return move
  const why = restarted
    ? 'the installer was started again before an end was told'
    : 'the install was over before an end was told'
  const detail = `${why}; whether the disk went on by itself is not known`
  const isCutOff = ({ result }: EraseReport) => result === 'running'
  const cutOff = (report: EraseReport): EraseReport => ({ ...report, result: 'cut-off', detail })
  const ended = install.erasures.filter(isCutOff).map(cutOff)
  if (ended.length === 0) return move
  const erasures = install.erasures.map((report) => (isCutOff(report) ? cutOff(report) : report))
  const notes = ended.map((report): InstallNote => ({ note: 'erasure', report }))
  return { ...move, install: { ...install, erasures }, notes: [...notes, ...move.notes] }
}

function confirmed(
  install: InstallProgress,
  { digest, expected }: { digest: string; expected: string },
  at: string,
): InstallMove | InstallRefusal {
  const right = digest === expected
  if (install.state === 'succeeded') {
    // The answer to the first report was lost.
    return right ? unchanged(install) : refuse(install, `confirming ${digest}`)
  }
  // `running`: the power went between the last write and the last word, but the disk was complete. `pending`: a medium did it all.
  const unheard = install.state === 'pending'
  if (!unheard && install.state !== 'running' && install.state !== 'rebooting') return refuse(install, 'confirming')
  if (!right) {
    const failure: Failure = {
      code: 'WRONG_DIGEST_BOOTED',
      message: `the machine booted ${digest}, installed was ${expected}`,
      hint: 'check which disk its firmware boots from',
    }
    const move = failed({ ...install, confirmedDigest: digest }, failure, 'confirm', at)
    return { ...move, notes: [...move.notes, { note: 'wrong-digest' }] }
  }
  const steps = install.steps.map((step): StepProgress => {
    const ends = unheard || step.state === 'running' || step.name === 'reboot' || step.name === 'confirm'
    if (!ends || step.state === 'done') return step
    return { ...step, state: 'done', startedAt: step.startedAt ?? at, endedAt: at, rate: 0, sample: null }
  })
  const done: InstallProgress = { ...install, steps, state: 'succeeded', endedAt: at, confirmedDigest: digest }
  const next = changeStep(done, 'confirm', { message: `runs ${digest}` })
  return { install: next, machine: 'deployed', notes: [stepNote(next, 'confirm'), { note: 'succeeded' }] }
}

function cancelled(install: InstallProgress, by: string, at: string): InstallMove | InstallRefusal {
  if (!isActive(install.state)) return refuse(install, 'cancelling')
  const failure: Failure = { code: 'CANCELLED', message: `cancelled by ${by}` }
  const untouched = install.state === 'pending'
  const stopped = { ...stopSteps(install, at), state: 'failed' as const, failure, endedAt: at }
  return { install: stopped, machine: untouched ? 'idle' : 'failed', notes: [{ note: 'failed', failure }] }
}

function failed(install: InstallProgress, failure: Failure, step: InstallStepName, at: string): InstallMove {
  const { startedAt } = stepOf(install, step)
  const marked = changeStep(install, step, {
    state: 'failed',
    startedAt: startedAt ?? at,
    endedAt: at,
    message: failure.message,
  })
  return {
    install: { ...stopSteps(marked, at), state: 'failed', failure, endedAt: at },
    machine: 'failed',
    notes: [stepNote(marked, step), { note: 'failed', failure }],
  }
}

/** The machine has proved that it booted, by whichever way it came to its installer. */
function bootDone(install: InstallProgress, at: string): InstallMove {
  const { state, startedAt } = stepOf(install, 'boot')
  if (state === 'done') return unchanged(install)
  const next = changeStep(install, 'boot', {
    state: 'done',
    startedAt: startedAt ?? at,
    endedAt: at,
    message: 'installer started',
  })
  return { install: next, notes: [stepNote(next, 'boot')] }
}

function freshSteps(): StepProgress[] {
  return InstallStepName.options.map((name) => ({
    name,
    state: 'pending',
    startedAt: null,
    endedAt: null,
    bytes: 0,
    totalBytes: 0,
    rate: 0,
    message: '',
    sample: null,
  }))
}

function stepOf(install: InstallProgress, name: InstallStepName): StepProgress {
  const step = install.steps.find((one) => one.name === name)
  if (!step) throw new TypeError(`install without step ${name}`)
  return step
}

function changeStep(install: InstallProgress, name: InstallStepName, change: Partial<StepProgress>): InstallProgress {
  return { ...install, steps: install.steps.map((step) => (step.name === name ? { ...step, ...change } : step)) }
}

/** Nothing runs on after the end. */
function stopSteps(install: InstallProgress, at: string): InstallProgress {
  const steps = install.steps.map((step): StepProgress =>
    step.state === 'running' ? { ...step, state: 'failed', endedAt: at, rate: 0, sample: null } : { ...step, rate: 0 },
  )
  return { ...install, steps }
}

function stepNote(install: InstallProgress, name: InstallStepName): InstallNote {
  const { state, message } = stepOf(install, name)
  return { note: 'step', step: name, state, message }
}

function unchanged(install: InstallProgress): InstallMove {
  return { install, notes: [] }
}

function refuse(install: InstallProgress, what: string): InstallRefusal {
  const states: Record<InstallState, string> = {
    pending: 'has not begun',
    running: 'is running',
    rebooting: 'is waiting for the deployed system',
    succeeded: 'has succeeded',
    failed: 'has failed',
    superseded: 'was replaced by a newer one',
  }
  return { refused: `${what}: the install ${states[install.state]}`, over: !isActive(install.state) }
}
