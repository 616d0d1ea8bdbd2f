import { expect, it } from 'vitest'
import { Seal } from '../../../server/core/seal.ts'

it('opens what it sealed, and nothing else', () => {
  const seal = new Seal()
  const sealed = seal.seal('{"to":"/ä"}')
  expect(sealed).toMatch(/^[\w-]+$/)
  expect(seal.open(sealed)).toBe('{"to":"/ä"}')
  expect(seal.seal('{"to":"/ä"}')).not.toBe(sealed)
  expect(new Seal().open(sealed)).toBeUndefined()
  for (let at = 0; at < sealed.length - 1; at++) {
    const changed = sealed.slice(0, at) + (sealed[at] === 'A' ? 'B' : 'A') + sealed.slice(at + 1)
    expect(seal.open(changed), `changed at ${at}`).toBeUndefined()
  }
  for (const other of ['', 'x', sealed.slice(0, 38), sealed.slice(0, -2)]) expect(seal.open(other)).toBeUndefined()
})
