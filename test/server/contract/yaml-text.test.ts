import { expect, it } from 'vitest'
import { toYaml } from '../../../server/contract/yaml-text.ts'

it('says in YAML what JSON can say', () => {
  const value = {
    name: 'web-01',
    labels: { rack: 'r1', 'dc/row': '2', empty: '' },
    macs: ['52:54:00:00:00:01'],
    nothing: null,
    left: undefined,
    none: [],
    no: 'no',
    count: 3,
    text: 'two\nlines # and "quotes"',
    disks: [{ name: 'sda', by: ['a', 'b'] }, { name: 'sdb' }],
  }
  expect(toYaml(value)).toBe(`name: web-01
labels:
  rack: r1
  dc/row: "2"
  empty: ""
macs:
  - "52:54:00:00:00:01"
nothing: null
none: []
"no": "no"
count: 3
text: |-
  two
  lines # and "quotes"
disks:
  - name: sda
    by:
      - a
      - b
  - name: sdb`)
  expect([toYaml([]), toYaml('x y'), toYaml([[1], []])]).toEqual(['[]', '"x y"', '- - 1\n- []'])
})
