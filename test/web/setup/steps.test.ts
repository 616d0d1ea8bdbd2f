import { describe, expect, it } from 'vitest'
import type { User } from '../../../server/contract/access.ts'
import { isDone, nextStep, STEPS } from '../../../web/src/features/setup/steps.ts'
import type { SetupFacts } from '../../../web/src/features/setup/steps.ts'

const ADMIN = { name: 'ann', role: 'admin', scope: null, disabled: false } as User
const FRESH: SetupFacts = {
  users: [],
  network: { links: [], mode: 'off', interfaces: [], setBy: null },
  images: 0,
  machines: 0,
}
const SERVED = { ...FRESH.network, mode: 'auto' } as const

describe('the set-up goes on', () => {
  it.each<[string, Partial<SetupFacts>]>([
    ['administrator', {}],
    ['network', { users: [ADMIN] }],
    ['image', { users: [ADMIN], network: SERVED }],
    ['machine', { users: [ADMIN], network: SERVED, images: 1 }],
    ['machine', { users: [ADMIN], network: SERVED, images: 1, machines: 1 }],
    ['administrator', { network: SERVED, images: 1, machines: 1 }],
  ])('at %s', (step, facts) => {
    expect(nextStep({ ...FRESH, ...facts })).toBe(step)
  })
})

it.each<[string, Partial<User>]>([
  ['a viewer', { role: 'viewer' }],
  ['whoever has some machines only', { scope: { rack: 'r1' } }],
  ['whoever was shut out', { disabled: true }],
])('%s is no administrator', (_, user) => {
  expect(isDone('administrator', { ...FRESH, users: [{ ...ADMIN, ...user }] })).toBe(false)
})

it('leaves nothing to do when all is there', () => {
  const facts = { users: [ADMIN], network: SERVED, images: 1, machines: 1 }
  expect(STEPS.filter(({ key }) => !isDone(key, facts))).toEqual([])
})
