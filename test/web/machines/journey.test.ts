import { describe, expect, it } from 'vitest'
import { InstallStepName } from '../../../server/contract/install.ts'
import type { Install, InstallStep } from '../../../server/contract/install.ts'
import type { BootStory, StoryStep } from '../../../server/contract/trace.ts'
import { journeyOf } from '../../../web/src/features/machines/journey.ts'

const at = (second: number): string => new Date(Date.UTC(2026, 0, 31, 12, 0, second)).toISOString()

function story(begin: number, level: BootStory['verdict']['level'], ...phases: StoryStep['phase'][]): BootStory {
  const steps = phases.map((phase, index): StoryStep => {
    const text = `${phase} happened`
    const step = { at: at(begin + index), seconds: index, count: 1, lastedSeconds: 0, phase, text, reason: null }
    return { ...step, level: 'info', entries: [] }
  })
  const verdict = { code: 'IN_PROGRESS', level, message: 'what the verdict says', causes: [], next: [] } as const
  return { startedAt: at(begin), lastAt: steps.at(-1)!.at, verdict: { ...verdict, causes: [], next: [] }, steps }
}

function install(states: Partial<Record<InstallStepName, InstallStep['state']>>, startedAt: string | null): Install {
  const steps = InstallStepName.options.map((name): InstallStep => {
    const state = states[name] ?? 'pending'
    const begun = state === 'pending' ? null : at(30)
    const numbers = { bytes: 0, totalBytes: 0, rate: 0, message: `${name} says` }
    return { name, state, startedAt: begun, endedAt: state === 'done' ? at(40) : null, ...numbers }
  })
  return { steps, startedAt, createdAt: at(5) } as Install
}

const told = (stages: ReturnType<typeof journeyOf>) =>
  Object.fromEntries(stages.map(({ title, state }) => [title, state]))

describe('the way from power-on to first boot', () => {
  it('of a machine that boots ends where the boot is now', () => {
    expect(told(journeyOf([story(0, 'waiting', 'dhcp', 'loader')], undefined))).toEqual({
      Address: 'done',
      Loader: 'running',
      'Boot script': 'pending',
    })
  })

  it('shows where a boot got stuck, with what its verdict says', () => {
    const stages = journeyOf([story(0, 'trouble', 'dhcp', 'loader')], undefined)
    expect(stages[1]).toMatchObject({ title: 'Loader', state: 'failed', text: 'what the verdict says' })
  })

  it('goes on through the install', () => {
    const running = install(
      { boot: 'done', identify: 'done', plan: 'done', partition: 'done', fetch: 'running' },
      at(20),
    )
    const later = story(50, 'trouble', 'dhcp')
    const stages = journeyOf([later, story(10, 'good', 'dhcp', 'loader', 'script', 'installer')], running)
    expect(told(stages)).toEqual({
      Address: 'done',
      Loader: 'done',
      'Boot script': 'done',
      Installer: 'done',
      Plan: 'done',
      Disks: 'done',
      Image: 'running',
      System: 'pending',
      Restart: 'pending',
      'First boot': 'pending',
    })
    expect(stages[0]!.startedAt).toBe(at(10))
    expect(stages[6]!.text).toBe('fetch says')
  })

  it('has the stages of the boot still to come while an install waits', () => {
    expect(told(journeyOf([story(0, 'good', 'dhcp')], install({}, null)))).toMatchObject({
      Address: 'pending',
      'First boot': 'pending',
    })
  })

  it('of a machine that came from a stick begins with the installer', () => {
    const stages = journeyOf([], install({ boot: 'done', deploy: 'done', configure: 'failed' }, at(20)))
    expect(stages[0]!.title).toBe('Installer')
    expect(told(stages)).toMatchObject({ System: 'failed' })
  })
})
