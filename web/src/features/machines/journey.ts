// The way of a machine from its first packet to the first boot of its image, put together from the boot story and the install.

import type { Install, InstallStep, InstallStepName } from '../../../../server/contract/install.ts'
import type { BootStory, StoryStep } from '../../../../server/contract/trace.ts'

export interface Stage {
  title: string
  state: 'pending' | 'running' | 'done' | 'failed'
  /** ISO 8601; null before it began. */
  startedAt: string | null
  endedAt: string | null
  /** What happened last in it. */
  text: string
}

const PHASES: readonly { phase: StoryStep['phase']; title: string }[] = [
  { phase: 'dhcp', title: 'Address' },
  { phase: 'loader', title: 'Loader' },
  { phase: 'script', title: 'Boot script' },
]

/** People care for fewer stages than the protocol has steps. */
const STAGES: readonly { title: string; steps: readonly InstallStepName[] }[] = [
  { title: 'Installer', steps: ['boot', 'identify'] },
  { title: 'Plan', steps: ['plan'] },
  { title: 'Disks', steps: ['partition'] },
  { title: 'Image', steps: ['fetch'] },
  { title: 'System', steps: ['deploy', 'configure', 'bootloader', 'finalize'] },
  { title: 'Restart', steps: ['reboot'] },
  { title: 'First boot', steps: ['confirm'] },
]

/** The stages in order. `boots` newest first; without an install only the boot is told. */
export function journeyOf(boots: readonly BootStory[], install: Install | undefined): Stage[] {
  const story = storyOf(boots, install)
  const isInside = install?.steps.some(({ state }) => state !== 'pending') ?? false
  // A machine that came from a stick never asked for an address or a loader.
  const phases = PHASES.filter(({ phase }) => !isInside || story?.steps.some((step) => step.phase === phase))
  return [
    ...phases.map((phase) => phaseStage(phase, story, isInside)),
    ...(install ? STAGES.map((stage) => installStage(stage, install.steps)) : []),
  ]
}

/** The boot that led into the install: the last one before its installer began, or the newest while it waits. */
function storyOf(boots: readonly BootStory[], install: Install | undefined): BootStory | undefined {
  if (!install) return boots[0]
  const began = install.startedAt
  if (began === null) return boots.find(({ lastAt }) => lastAt >= install.createdAt)
  return boots.find(({ startedAt }) => startedAt <= began)
}

function phaseStage({ phase, title }: (typeof PHASES)[number], story: BootStory | undefined, isInside: boolean): Stage {
  const steps = story?.steps.filter((step) => step.phase === phase) ?? []
  const last = steps.at(-1)
  if (!last || !story) return { title, state: 'pending', startedAt: null, endedAt: null, text: '' }
  const isLast = !isInside && story.steps.at(-1)?.phase === phase
  const inTrouble = isLast && story.verdict.level === 'trouble'
  const isWaiting = isLast && story.verdict.level === 'waiting'
  return {
    title,
    state: inTrouble ? 'failed' : isWaiting ? 'running' : 'done',
    startedAt: steps[0]!.at,
    endedAt: last.at,
    text: inTrouble ? story.verdict.message : last.text,
  }
}

function installStage({ title, steps: names }: (typeof STAGES)[number], all: readonly InstallStep[]): Stage {
  const steps = all.filter(({ name }) => names.includes(name))
  const begun = steps.filter(({ state }) => state !== 'pending')
  const last = begun.at(-1)
  return {
    title,
    state: stateOf(steps),
    startedAt: begun[0]?.startedAt ?? null,
    endedAt: last?.endedAt ?? null,
    text: last?.message ?? '',
  }
}

function stateOf(steps: readonly InstallStep[]): Stage['state'] {
  const has = (state: InstallStep['state']): boolean => steps.some((step) => step.state === state)
  if (has('failed')) return 'failed'
  if (steps.every(({ state }) => state === 'done')) return 'done'
  return has('running') || has('done') ? 'running' : 'pending'
}
