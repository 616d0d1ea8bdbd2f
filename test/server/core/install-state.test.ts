import { describe, expect, it } from 'vitest'
import type { AgentEvent } from '../../../server/contract/agent.ts'
import { InstallState } from '../../../server/contract/install.ts'
import { moveInstall, newInstall } from '../../../server/core/install-state.ts'
import type { InstallInput, InstallMove, InstallProgress } from '../../../server/core/install-state.ts'

const AT = '2026-01-31T12:00:00.000Z'
const DIGEST = `sha256:${'a'.repeat(64)}`
const OTHER = `sha256:${'b'.repeat(64)}`

function move(install: InstallProgress, input: InstallInput, at = AT): InstallMove {
  const moved = moveInstall(install, input, at)
  if ('refused' in moved) throw new Error(moved.refused)
  return moved
}

function after(...inputs: InstallInput[]): InstallProgress {
  return inputs.reduce((install, input) => move(install, input).install, newInstall())
}

const event = (change: AgentEvent): InstallInput => ({ type: 'agent-event', event: change })
const take: InstallInput = { type: 'task-taken', bootId: 'boot-1' }
const installed = event({ type: 'installed', mergeCommit: 'c', agentPeakRss: 100 })
const confirm: InstallInput = { type: 'confirmed', digest: DIGEST, expected: DIGEST }
const cancel: InstallInput = { type: 'cancelled', by: 'token:ann' }
const failed = event({ type: 'failed', step: 'fetch', failure: { code: 'DIGEST_MISMATCH', message: 'layer 3' } })

const IN: Record<InstallState, InstallProgress> = {
  pending: newInstall(),
  running: after(take),
  rebooting: after(take, installed),
  succeeded: after(take, installed, confirm),
  failed: after(take, failed),
  superseded: after(take, { type: 'superseded' }),
}

const INPUTS: Record<string, InstallInput> = {
  'boot-served': { type: 'boot-served' },
  'registered, same boot': { type: 'agent-registered', bootId: 'boot-1' },
  'registered, new boot': { type: 'agent-registered', bootId: 'boot-2' },
  'task-taken': take,
  'step-started': event({ type: 'step-started', step: 'plan', message: '' }),
  progress: event({ type: 'progress', step: 'fetch', bytes: 5, totalBytes: 10, message: '' }),
  'step-done': event({ type: 'step-done', step: 'plan', message: '' }),
  log: event({ type: 'log', level: 'info', text: 'hello' }),
  failed,
  installed,
  'confirmed, right': confirm,
  'confirmed, wrong': { type: 'confirmed', digest: OTHER, expected: DIGEST },
  cancelled: cancel,
  superseded: { type: 'superseded' },
}

/** Install state and machine state after the input; `=` nothing happens, `no` refused for now, `over` for good. */
const TABLE: Record<keyof typeof INPUTS, Record<InstallState, string>> = {
  'boot-served': {
    pending: 'pending booting',
    running: 'running booting',
    rebooting: '=',
    succeeded: '=',
    failed: '=',
    superseded: '=',
  },
  'registered, same boot': {
    pending: 'pending',
    running: '=',
    rebooting: '=',
    succeeded: '=',
    failed: '=',
    superseded: '=',
  },
  'registered, new boot': {
    pending: 'pending',
    running: 'running installing',
    rebooting: '=',
    succeeded: '=',
    failed: '=',
    superseded: '=',
  },
  'task-taken': {
    pending: 'running installing',
    running: 'running installing',
    rebooting: 'no',
    succeeded: 'over',
    failed: 'over',
    superseded: 'over',
  },
  'step-started': {
    pending: 'no',
    running: 'running installing',
    rebooting: '=',
    succeeded: '=',
    failed: '=',
    superseded: '=',
  },
  progress: {
    pending: 'no',
    running: 'running installing',
    rebooting: '=',
    succeeded: '=',
    failed: '=',
    superseded: '=',
  },
  'step-done': {
    pending: 'no',
    running: 'running installing',
    rebooting: '=',
    succeeded: '=',
    failed: '=',
    superseded: '=',
  },
  // NB: a late line is kept, and changes nothing.
  log: {
    pending: 'no',
    running: 'running',
    rebooting: 'rebooting',
    succeeded: 'succeeded',
    failed: 'failed',
    superseded: 'superseded',
  },
  failed: { pending: 'no', running: 'failed failed', rebooting: '=', succeeded: '=', failed: '=', superseded: '=' },
  installed: {
    pending: 'no',
    running: 'rebooting rebooting',
    rebooting: '=',
    succeeded: '=',
    failed: '=',
    superseded: '=',
  },
  // NB: the power may go between the last write and the last word, and a medium says nothing; the system that booted proves itself.
  'confirmed, right': {
    pending: 'succeeded deployed',
    running: 'succeeded deployed',
    rebooting: 'succeeded deployed',
    succeeded: '=',
    failed: 'over',
    superseded: 'over',
  },
  'confirmed, wrong': {
    pending: 'failed failed',
    running: 'failed failed',
    rebooting: 'failed failed',
    succeeded: 'over',
    failed: 'over',
    superseded: 'over',
  },
  // NB: what nobody has begun leaves the machine as it was.
  cancelled: {
    pending: 'failed idle',
    running: 'failed failed',
    rebooting: 'failed failed',
    succeeded: 'over',
    failed: 'over',
    superseded: 'over',
  },
  superseded: {
    pending: 'superseded',
    running: 'superseded',
    rebooting: 'superseded',
    succeeded: '=',
    failed: '=',
    superseded: '=',
  },
}

describe('moveInstall', () => {
  const cases = Object.entries(INPUTS).flatMap(([name, input]) =>
    InstallState.options.map((state) => [name, state, TABLE[name]?.[state], input] as const),
  )
  it.each(cases)('%s while %s: %s', (_, state, expected, input) => {
    const before = structuredClone(IN[state])
    const moved = moveInstall(IN[state], input, AT)
    expect(IN[state]).toEqual(before)
    if ('refused' in moved) expect(moved.over ? 'over' : 'no').toBe(expected)
    else if (expected === '=')
      expect(moved).toEqual({ install: before, notes: [], ...(moved.machine && { machine: moved.machine }) })
    else expect([moved.install.state, moved.machine].filter(Boolean).join(' ')).toBe(expected)
  })

  it('runs no step after the end', () => {
    for (const state of ['succeeded', 'failed', 'superseded'] as const) {
      const running = IN[state].steps.filter((step) => step.state === 'running' || step.rate > 0)
      expect(running, state).toEqual([])
      expect(IN[state].endedAt).toBe(AT)
    }
  })

  it('starts over when the machine boots again, and forgets what the former boot did', () => {
    const partway = after(
      take,
      event({ type: 'step-done', step: 'partition', message: '' }),
      event({ type: 'progress', step: 'fetch', bytes: 500, totalBytes: 1000, message: '' }),
    )
    const { install, notes } = move(partway, { type: 'agent-registered', bootId: 'boot-2' })
    expect(install).toMatchObject({ state: 'running', bootId: 'boot-2' })
    expect(install.steps.map(({ name, state, bytes }) => [name, state, bytes]).slice(0, 5)).toEqual([
      ['boot', 'done', 0],
      ['identify', 'pending', 0],
      ['plan', 'pending', 0],
      ['partition', 'pending', 0],
      ['fetch', 'pending', 0],
    ])
    expect(notes).toContainEqual(expect.objectContaining({ note: 'log', level: 'warn' }))
    expect(move(install, { type: 'task-taken', bootId: 'boot-2' }).install).toEqual(install)
  })

  it('goes on when the same boot asks for its task again', () => {
    const partway = after(take, event({ type: 'progress', step: 'fetch', bytes: 500, totalBytes: 1000, message: '' }))
    expect(move(partway, take).install).toEqual(partway)
  })

  it('tells that the disk is touched when partitioning begins, not earlier', () => {
    const started = (step: 'plan' | 'partition') =>
      move(IN.running, event({ type: 'step-started', step, message: '' })).notes
    expect(started('plan')).not.toContainEqual({ note: 'disk-touched' })
    expect(started('partition')).toContainEqual({ note: 'disk-touched' })
  })

  it('counts bytes and smooths the rate', () => {
    const progress = (bytes: number): InstallInput =>
      event({ type: 'progress', step: 'fetch', bytes, totalBytes: 4000, message: '' })
    const started = move(
      IN.running,
      event({ type: 'step-started', step: 'fetch', message: 'x', totalBytes: 4000 }),
    ).install
    const one = move(started, progress(0), '2026-01-31T12:00:00.000Z').install
    const two = move(one, progress(1000), '2026-01-31T12:00:01.000Z').install
    const three = move(two, progress(4000), '2026-01-31T12:00:02.000Z').install
    const rates = [started, one, two, three].map(({ steps }) => steps.find(({ name }) => name === 'fetch')?.rate)
    expect(rates).toEqual([0, 0, 1000, 2000])
    const done = move(three, event({ type: 'step-done', step: 'fetch', message: '' })).install
    expect(done.steps.find(({ name }) => name === 'fetch')).toMatchObject({
      rate: 0,
      bytes: 4000,
      message: 'x',
      state: 'done',
    })
  })

  it('keeps the wrong digest that booted', () => {
    const { install, notes } = move(IN.rebooting, { type: 'confirmed', digest: OTHER, expected: DIGEST })
    expect(install).toMatchObject({ confirmedDigest: OTHER, failure: { code: 'WRONG_DIGEST_BOOTED' } })
    expect(notes).toContainEqual({ note: 'wrong-digest' })
  })
})
