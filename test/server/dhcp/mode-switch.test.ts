import { describe, expect, it } from 'vitest'
import { ModeSwitch } from '../../../server/dhcp/mode-switch.ts'
import { message, send, testServer } from './messages.ts'

const modeSwitch = (isProbe = (_xid: number) => false) =>
  new ModeSwitch({
    interface: 'lan0',
    address: () => undefined,
    server: testServer(),
    proxy: testServer(),
    isProbe,
    onEvent: () => {},
  })

describe('ModeSwitch', () => {
  it('answers nobody before it has looked for other servers', () => {
    const { replies, events } = send(modeSwitch(), message())
    expect(replies).toEqual([])
    expect(events).toMatchObject([{ type: 'ignored', reason: 'undecided-mode' }])
  })

  it('does not take its own probe for a client', () => {
    const { xid } = message()
    expect(
      send(
        modeSwitch((asked) => asked === xid),
        message(),
      ),
    ).toEqual({ replies: [], events: [] })
  })
})
