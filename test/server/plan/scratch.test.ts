import { expect, it } from 'vitest'
import { StoragePlan } from '../../../server/contract/plan.ts'
import { MachineSpec } from '../../../server/contract/spec.ts'
import { withScratch } from '../../../server/plan/scratch.ts'
import { plan } from '../../agent/examples.ts'

const GIB = 2 ** 30
const MIB = 2 ** 20

it('takes the end of the disk from root, for a while', () => {
  const made = withScratch(plan(), 4 * GIB + 1, 'seed') as StoragePlan
  expect(StoragePlan.parse(made)).toEqual(made)
  const [root, scratch] = made.disks[0]!.partitions.slice(-2)
  expect(scratch).toMatchObject({ number: 5, role: 'scratch', size: 4 * GIB + MIB })
  expect(scratch!.start + scratch!.size).toBe(20_480 * MIB - MIB)
  expect(root!.start + root!.size).toBe(scratch!.start)
  expect(made.filesystems.find(({ on }) => on === root!.id)?.size).toBe(root!.size)
  expect(made.warnings.at(-1)).toMatch(/does not fit into memory: 4\.3 GB at the end of vda/)
})

it('takes nothing from a root that leaves room', () => {
  const before = plan({}, MachineSpec.parse({ disks: { rootSize: 4 * GIB } }).disks)
  const made = withScratch(before, 4 * GIB, 'seed') as StoragePlan
  expect(made.disks[0]!.partitions.slice(0, 4)).toEqual(before.disks[0]!.partitions)
})

it('refuses a disk on which the image has no room twice', () => {
  expect(withScratch(plan(), 10 * GIB, 'seed')).toMatchObject({ code: 'NO_SPACE' })
})
