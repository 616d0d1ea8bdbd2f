import { describe, expect, it } from 'vitest'
import { InheritedSockets } from '../../../server/host/inherited-sockets.ts'

describe('InheritedSockets', () => {
  it('gives out each socket once, by the name systemd gave it, and tells what is left', () => {
    const env = { LISTEN_PID: '7', LISTEN_FDS: '4', LISTEN_FDNAMES: 'http:dhcp-lan0:http' }
    const sockets = InheritedSockets.from(env, 7)
    expect(sockets.unused).toEqual(['http', 'dhcp-lan0', 'http', 'fd6'])
    expect([sockets.take('dhcp-lan0'), sockets.take('http'), sockets.take('tftp')]).toEqual([4, 3, undefined])
    expect(sockets.unused).toEqual(['http', 'fd6'])
  })

  it.each([
    ['meant for another process', { LISTEN_PID: '8', LISTEN_FDS: '1' }],
    ['none', {}],
    ['no count', { LISTEN_PID: '7', LISTEN_FDS: 'x' }],
    ['a negative count', { LISTEN_PID: '7', LISTEN_FDS: '-1' }],
    ['a count beyond all reason', { LISTEN_PID: '7', LISTEN_FDS: '4000000000' }],
  ])('takes nothing: %s', (_, env) => {
    expect(InheritedSockets.from(env, 7).unused).toEqual([])
  })
})
