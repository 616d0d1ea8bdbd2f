// The way from a fresh server to the first machine, and how far somebody has come: told by what is there, so that nothing is lost by a reload.

import type { User } from '../../../../server/contract/access.ts'
import type { Network } from '../../../../server/contract/network.ts'

export const STEPS = [
  { key: 'administrator', title: 'Administrator' },
  { key: 'network', title: 'Network' },
  { key: 'image', title: 'Image' },
  { key: 'machine', title: 'First machine' },
] as const
export type Step = (typeof STEPS)[number]['key']

export interface SetupFacts {
  users: readonly User[]
  network: Network
  images: number
  machines: number
}

export function isStep(text: string | undefined): text is Step {
  return STEPS.some(({ key }) => key === text)
}

/** Whether a step has nothing left to do. */
export function isDone(step: Step, { users, network, images, machines }: SetupFacts): boolean {
  switch (step) {
    case 'administrator':
      return administrators(users).length > 0
    case 'network':
      return network.mode !== 'off'
    case 'image':
      return images > 0
    case 'machine':
      return machines > 0
  }
}

/** Where to go on: the first step with something left to do, else the last. */
export function nextStep(facts: SetupFacts): Step {
  return STEPS.find(({ key }) => !isDone(key, facts))?.key ?? 'machine'
}

/** Those who may do everything. */
export function administrators(users: readonly User[]): User[] {
  return users.filter(({ role, scope, disabled }) => role === 'admin' && scope === null && !disabled)
}
