import { expect, it } from 'vitest'
import { formatScope, parseScope } from '../../../web/src/features/access/scope.ts'

it.each([
  ['', null],
  [' , ', null],
  ['rack=r1', { rack: 'r1' }],
  ['rack=r1, row=', { rack: 'r1', row: '' }],
  ['a=b=c', { a: 'b=c' }],
  ['rack', undefined],
  ['=r1', undefined],
])('a scope written as "%s" is %j', (text, scope) => {
  expect(parseScope(text)).toEqual(scope)
  if (scope) expect(parseScope(formatScope(scope))).toEqual(scope)
})

it('everything is written as nothing', () => {
  expect(formatScope(null)).toBe('')
})
