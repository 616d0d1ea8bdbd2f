import { describe, expect, it } from 'vitest'
import type { Event } from '../../../server/contract/event.ts'
import type { InstallLayer } from '../../../server/contract/install-layers.ts'
import type { InstallDetail, InstallStep } from '../../../server/contract/install.ts'
import { progressOf, tellsOfOthers, withProgress } from '../../../web/src/api/progress.ts'

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

const layer = (digit: string): InstallLayer => ({
  digest: `sha256:${digit.repeat(64)}`,
  size: 50,
  bytes: 0,
  state: 'waiting',
  source: null,
})

function install(step: Partial<InstallStep>): InstallDetail {
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
  return { steps: [fetch], layers: [layer('a'), layer('b')] } as InstallDetail
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

  it('brings where each layer stands', () => {
    const layers = { states: 'ds', streaming: [{ index: 1, bytes: 10, source: 'cache:5000' }] }
    const progress = progressOf(event('install.progress', { ...NUMBERS, layers }))!
    expect(withProgress(install({}), progress).layers).toMatchObject([
      { state: 'done', bytes: 50 },
      { state: 'streaming', bytes: 10, source: 'cache:5000' },
    ])
    expect(withProgress(install({ bytes: 70 }), progress).layers, 'overtaken').toMatchObject([
      { state: 'waiting' },
      { state: 'waiting' },
    ])
    expect(progressOf(event('install.progress', { ...NUMBERS, layers: 'many' }))).toEqual(NUMBERS)
  })

  it('of layers that nobody asked for yet makes the install out of date', () => {
    const layers = { states: 'dsw', streaming: [] }
    expect(tellsOfOthers({ ...NUMBERS, layers }, install({}))).toBe(true)
    expect(tellsOfOthers({ ...NUMBERS, layers: { states: 'ds', streaming: [] } }, install({}))).toBe(false)
    expect(tellsOfOthers(NUMBERS, install({}))).toBe(false)
  })
})
