import { expect, it } from 'vitest'
import { createDuid, isDuid, macInDuid } from '../../../server/dhcp6/duid.ts'
import { NOW } from './messages.ts'

const UUID = '4c4c4544-0033-3910-8048-b7c04f303033'

it('a new identifier is made of card and time, and holds the card', () => {
  const duid = createDuid({ mac: '52:54:00:12:34:56', uuid: UUID, now: NOW })
  expect(Buffer.from(duid).toString('hex')).toBe('0001000130e87580525400123456')
  expect(macInDuid(duid)).toBe('52:54:00:12:34:56')
})

it('without a card it is a UUID', () => {
  const duid = createDuid({ mac: undefined, uuid: UUID, now: NOW })
  expect(Buffer.from(duid).toString('hex')).toBe('00044c4c4544003339108048b7c04f303033')
  expect(macInDuid(duid)).toBeUndefined()
})

it('knows what cannot be one', () => {
  expect([undefined, new Uint8Array(2), new Uint8Array(131)].map(isDuid)).toEqual([false, false, false])
  expect([new Uint8Array(3), new Uint8Array(130)].map(isDuid)).toEqual([true, true])
})
