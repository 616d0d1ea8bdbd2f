import { describe, expect, it } from 'vitest'
import type { Event } from '../../../server/contract/event.ts'
import type { Install, InstallStep } from '../../../server/contract/install.ts'
import { progressOf, withProgress } from '../../../web/src/api/progress.ts'

function event(type: Event['type'], data: Record<string, unknown>): Event {
  return {
    seq: 1,
    at: '2026-01-31T12:00:00.000Z',
    type,
    machineId: null,
    installId: 'i',
    actor: 'machine',
    message: '',
    data,
  }
}

function install(step: Partial<InstallStep>): Install {
  const fetch = {
    name: 'fetch',
    state: 'running',
    startedAt: null,
    endedAt: null,
    bytes: 50,
    totalBytes: 100,
    rate: 1,
    message: '',
    ...step,
  }
  return { steps: [fetch] } as Install
}

const NUMBERS = { step: 'fetch', bytes: 60, totalBytes: 100, rate: 5 }

describe('progress', () => {
  it('is read from its event, and from no other', () => {
    expect(progressOf(event('install.progress', { ...NUMBERS, message: 'layer 2' }))).toEqual({
      ...NUMBERS,
      message: 'layer 2',
    })
    expect(progressOf(event('install.step', NUMBERS))).toBeUndefined()
    expect(progressOf(event('install.progress', { step: 'fetch', bytes: 'many' }))).toBeUndefined()
  })

  it.each([
    ['moves a running step', {}, 60],
    ['leaves a step that is over', { state: 'done' }, 50],
    ['never runs backwards', { bytes: 70 }, 70],
    ['leaves other steps', { name: 'deploy' }, 50],
  ] as const)('%s', (_, step, bytes) => {
    expect(withProgress(install(step as Partial<InstallStep>), NUMBERS).steps[0]!.bytes).toBe(bytes)
  })
})
