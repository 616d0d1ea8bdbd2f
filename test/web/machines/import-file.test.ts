import { expect, it } from 'vitest'
import type { ImportResult } from '../../../server/contract/document.ts'
import { changeText, countOutcomes, formatOf, outcomesText } from '../../../web/src/features/machines/import-file.ts'

it('takes a file for what its name says', () => {
  const names = ['racks.csv', 'site.YAML', 'site.yml', 'netbox.json', 'racks', 'racks.txt']
  expect(names.map(formatOf)).toEqual(['csv', 'yaml', 'yaml', 'netbox', 'csv', 'csv'])
})

it('counts what came of rows, and tells what there is', () => {
  const row = { row: 1, kind: 'machine' as const, name: null, id: null, changes: [], error: null }
  const results: ImportResult['results'] = [
    { ...row, outcome: 'created' },
    { ...row, outcome: 'refused' },
    { ...row, outcome: 'created' },
  ]
  const counts = countOutcomes(results)
  expect(outcomesText(counts)).toBe('2 created, 1 refused')
})

it('says of a value what it was and becomes', () => {
  expect(changeText({ path: 'labels.rack', before: 'r1', after: 'r2' })).toBe('labels.rack: r1 → r2')
  expect(changeText({ path: 'labels.rack', after: '' })).toBe('labels.rack: ')
  expect(changeText({ path: 'spec.finish', before: { on: true } })).toBe('spec.finish: {"on":true} → nothing')
})
