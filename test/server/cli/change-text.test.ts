import { expect, it } from 'vitest'
import type { ApplyItem } from '../../../server/contract/document.ts'
import { changeLines } from '../../../server/cli/change-text.ts'

const ITEM: Omit<ApplyItem, 'outcome'> = { kind: 'machine', name: 'web-1', id: null, changes: [], error: null }

it('tells what changes, and nothing of what stays', () => {
  const changes = [
    { path: 'labels.rack', before: 'r1' },
    { path: 'spec.disks.rootSize', before: 1, after: 2 },
  ]
  expect(changeLines({ ...ITEM, outcome: 'changed', changes }, 'a.yaml:3')).toEqual([
    'machine/web-1 (a.yaml:3): changed',
    '- labels.rack: "r1"',
    '- spec.disks.rootSize: 1',
    '+ spec.disks.rootSize: 2',
  ])
  expect(changeLines({ ...ITEM, outcome: 'unchanged' }, 'a.yaml:3')).toEqual([])
  const error = { code: 'CONFLICT', message: 'no', hint: 'do this' }
  expect(changeLines({ ...ITEM, outcome: 'refused', error }, 'a.yaml:3')).toEqual([
    'machine/web-1 (a.yaml:3): refused: no',
    '  do this',
  ])
})
