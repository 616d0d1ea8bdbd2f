import { expect, it } from 'vitest'
import type { EraseAbility } from '../../../server/contract/erase.ts'
import { DiskLayout } from '../../../server/contract/spec-disks.ts'
import { planDisks } from '../../../server/plan/plan-disks.ts'
import { disk, facts } from '../../agent/examples.ts'

const FROZEN = { method: 'ata-erase', seconds: 5760, unable: 'frozen' } as const

function planned(erase: DiskLayout['erase'], erasure?: EraseAbility[]) {
  const disks = [{ ...disk, ...(erasure && { erasure }) }]
  return planDisks({ disks: DiskLayout.parse({ erase }) }, { ...facts, disks }, 'seed')
}

const chosen = (...args: Parameters<typeof planned>) => {
  const plan = planned(...args)
  return 'code' in plan ? plan : plan.disks[0]!.erase
}

it('only signatures go unless a method is asked for', () => {
  expect(chosen('signatures', [{ method: 'discard' }])).toEqual([])
})

it('takes what the disk has of what is wanted, in the order wanted', () => {
  const able: EraseAbility[] = [FROZEN, { method: 'nvme-format' }, { method: 'nvme-sanitize', seconds: 130 }]
  expect(chosen(['ata-erase', 'nvme-sanitize', 'nvme-format', 'discard', 'overwrite'], able)).toEqual([
    { method: 'nvme-sanitize', seconds: 130 },
    { method: 'nvme-format' },
    { method: 'overwrite' },
  ])
})

it('tells people beforehand, with the estimate of the disk', () => {
  const plan = planned(['nvme-sanitize', 'overwrite'], [{ method: 'nvme-sanitize', seconds: 130 }])
  expect(plan).toMatchObject({
    warnings: expect.arrayContaining([
      'vda is erased by NVMe sanitize (block erase), about 2 min by its own estimate; should that fail, by overwriting with zeros',
    ]),
  })
})

it('refuses rather than to take a method that nobody asked for, and says what there is', () => {
  expect(chosen(['ata-erase', 'nvme-format'], [FROZEN, { method: 'discard' }])).toEqual({
    code: 'DISK_ERASE',
    message:
      'vda (ACME Example SSD 9000, serial S1, 21.5 GB) cannot be erased as disks.erase says: ata-erase: frozen; nvme-format: this disk does not offer it',
    hint: 'name one of discard, overwrite in disks.erase, or remove what stands in the way',
  })
})

it('leaves it to the machine as long as that has not told what its disks can', () => {
  expect(chosen(['ata-erase', 'discard'])).toEqual([{ method: 'ata-erase' }, { method: 'discard' }])
})
