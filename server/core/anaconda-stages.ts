// Anaconda's stages as events of an install's steps, which are those of Landfall's own agent.
import type { AgentEvent } from '../contract/agent.ts'
import type { AnacondaStage } from '../contract/anaconda.ts'
import { InstallStepName } from '../contract/install.ts'
import type { InstallProgress } from './install-state.ts'

type Steps = Pick<InstallProgress, 'steps'>

/** The step that begins with a stage; all before it are done by then. */
const BEGINS: Partial<Record<AnacondaStage, { step: InstallStepName; message: string }>> = {
  started: { step: 'partition', message: 'Anaconda partitions the disks' },
  partitioned: { step: 'fetch', message: 'Anaconda pulls the image and deploys it' },
  deployed: { step: 'configure', message: 'scripts after the installation' },
  installed: { step: 'reboot', message: 'leaving the installer' },
}

/** What a stage means for an install. Stages come over a network that may lose or repeat them: one that is over already means nothing. */
export function stageEvents(install: Steps, stage: AnacondaStage, message: string): AgentEvent[] {
  const current = install.steps.find(({ state }) => state === 'running')?.name
  if (stage === 'failed') {
    const failure = {
      code: 'INSTALLER_FAILED' as const,
      message: message || 'Anaconda gave up',
      hint: 'the log of this install ends with what Anaconda wrote; assign the image again to try once more',
    }
    return [{ type: 'failed', step: current ?? 'boot', failure }]
  }
  if (stage === 'working') {
    if (current === undefined || message === '') return []
    if (install.steps.find(({ name }) => name === current)?.message === message) return []
    return [
      { type: 'log', level: 'info', text: message },
      { type: 'progress', step: current, bytes: 0, totalBytes: 0, message },
    ]
  }
  const { step, message: text } = BEGINS[stage]!
  if (install.steps.find(({ name }) => name === step)?.state !== 'pending') return []
  return [
    ...stepsBefore(install, step).map((name): AgentEvent => ({ type: 'step-done', step: name, message: '' })),
    { type: 'step-started', step, message: text },
    ...(stage === 'installed' ? [{ type: 'installed' as const, mergeCommit: '' }] : []),
  ]
}

function stepsBefore(install: Steps, step: InstallStepName): InstallStepName[] {
  const end = InstallStepName.options.indexOf(step)
  return install.steps
    .filter(({ name, state }) => state !== 'done' && InstallStepName.options.indexOf(name) < end)
    .map(({ name }) => name)
}
