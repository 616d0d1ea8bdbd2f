import { describe, expect, it } from 'vitest'
import { InstallStepName } from '../../../server/contract/install.ts'
import type { Install, InstallStep } from '../../../server/contract/install.ts'
import { DiskImageError } from '../../../server/disk-image/errors.ts'
import { watchInstall } from '../../../server/disk-image/watch.ts'

const step = (name: InstallStepName, change: Partial<InstallStep> = {}): InstallStep => ({
  name,
  state: 'pending',
  startedAt: null,
  endedAt: null,
  bytes: 0,
  totalBytes: 0,
  rate: 0,
  message: '',
  ...change,
})

/** What the watch looks at of an install whose steps are pending unless changed. */
function install(state: Install['state'], changed: Partial<Record<InstallStepName, Partial<InstallStep>>> = {}) {
  const steps = InstallStepName.options.map((name) => step(name, changed[name]))
  return { state, steps, failure: null } as unknown as Install
}

/** Watches an install that is, one look after the other, as listed; the last one stays. */
function watch(looks: Install[], machine: { running?: boolean; off?: boolean } = {}) {
  const told: string[] = []
  const stop = new AbortController()
  let at = 0
  const watching = watchInstall({
    machine: {
      running: machine.running ?? true,
      exited: machine.off === false ? new Promise(() => {}) : Promise.resolve(),
      tail: async () => 'Kernel panic',
    },
    install: async () => looks[Math.min(at++, looks.length - 1)]!,
    report: {
      step: (name, message) => told.push(`${name}: ${message}`),
      progress: (bytes, total) => told.push(`${bytes} of ${total}`),
    },
    signal: stop.signal,
    patience: 50,
    pollInterval: 1,
  })
  return { watching, told, stop }
}

describe('watchInstall', () => {
  it('tells each step once, and the bytes of what moves some, until the machine is off', async () => {
    const { watching, told } = watch([
      install('pending'),
      install('running', { plan: { state: 'running', message: 'checking' } }),
      install('running', {
        plan: { state: 'done', message: 'done' },
        fetch: { state: 'running', message: 'streaming', bytes: 1, totalBytes: 9 },
      }),
      install('rebooting', { plan: { state: 'done' }, fetch: { state: 'done' }, confirm: { state: 'running' } }),
    ])
    await watching
    expect(told).toEqual(['plan: checking', 'fetch: streaming', '1 of 9'])
  })

  it('passes the reason of a failed install on', async () => {
    const failure = { code: 'NO_SPACE', message: 'the disk is full', hint: 'take a larger one' }
    const { watching } = watch([{ ...install('failed'), failure } as Install])
    await expect(watching).rejects.toThrowWithCode(DiskImageError, 'INSTALL_FAILED')
    await expect(watching).rejects.toMatchObject({ message: 'NO_SPACE: the disk is full', hint: 'take a larger one' })
  })

  it('shows the console of a machine that ended too early', async () => {
    const { watching } = watch([install('pending')], { running: false })
    await expect(watching).rejects.toThrowWithCode(DiskImageError, 'MACHINE_ENDED')
    await expect(watching).rejects.toThrow(/Kernel panic/)
  })

  it('gives up on a machine of which nothing is heard', async () => {
    await expect(watch([install('running')]).watching).rejects.toThrowWithCode(DiskImageError, 'MACHINE_STALLED')
  })

  it('ends when it is told to', async () => {
    const { watching, stop } = watch([install('running')])
    stop.abort()
    await expect(watching).rejects.toThrowWithCode(DiskImageError, 'ABORTED')
  })
})
