import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createMessageCutter } from '../../../server/contract/message-cutter.ts'

const STREAM =
  'retry: 2000\n\n: still here\n\nid: 7\ndata: {"a":1}\n\nevent: reset\r\nid: 9\r\ndata:x\r\ndata: y\r\n\r\n'
const MESSAGES = [
  { event: 'message', id: '7', data: '{"a":1}' },
  { event: 'reset', id: '9', data: 'x\ny' },
]

describe('a stream of events', () => {
  it('is cut into its messages; comments and settings are none', () => {
    expect(createMessageCutter()(STREAM)).toEqual(MESSAGES)
  })

  it('gives the same however it arrives', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(STREAM.length)), (places) => {
        const cut = createMessageCutter()
        const bounds = [0, ...places.toSorted((a, b) => a - b), STREAM.length]
        const parts = bounds.slice(1).map((end, at) => STREAM.slice(bounds[at], end))
        expect(parts.flatMap((part) => cut(part))).toEqual(MESSAGES)
      }),
    )
  })

  it('keeps a message that is not whole', () => {
    const cut = createMessageCutter()
    expect(cut('id: 1\ndata: a\n')).toEqual([])
    expect(cut('\n')).toEqual([{ event: 'message', id: '1', data: 'a' }])
  })

  it('keeps colons and blanks of the data', () => {
    expect(createMessageCutter()('data:  a: b \n\n')).toEqual([{ event: 'message', id: undefined, data: ' a: b ' }])
  })
})
