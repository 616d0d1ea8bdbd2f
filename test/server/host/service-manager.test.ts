import { describe, expect, it } from 'vitest'
import { serviceManager, watchdogInterval } from '../../../server/host/service-manager.ts'

describe('watchdogInterval', () => {
  it.each([
    ['half of what is waited', { WATCHDOG_USEC: '180000000' }, 90_000],
    ['for this process', { WATCHDOG_USEC: '1000000', WATCHDOG_PID: '7' }, 500],
    ['not for another one', { WATCHDOG_USEC: '1000000', WATCHDOG_PID: '8' }, undefined],
    ['not where nobody waits', {}, undefined],
    ['not for no time', { WATCHDOG_USEC: '0' }, undefined],
    ['not for nonsense', { WATCHDOG_USEC: 'soon' }, undefined],
    ['at least a millisecond', { WATCHDOG_USEC: '1' }, 1],
  ])('%s', (_, env, expected) => {
    expect(watchdogInterval(env, 7)).toBe(expected)
  })
})

describe('serviceManager', () => {
  it('says nothing where nobody listens, and tells once when it could not be heard', async () => {
    const troubles: Error[] = []
    const options = { pid: 7, onTrouble: (error: Error) => troubles.push(error) }
    const silent = serviceManager({}, options)
    await silent.ready('serves')
    await silent.stopping()
    expect(troubles).toEqual([])

    const unheard = serviceManager({ NOTIFY_SOCKET: '/nowhere' }, options)
    // NB: the program asks the environment of this process, which has no such socket.
    await unheard.ready('serves')
    await unheard.stopping()
    expect(troubles).toHaveLength(1)
  })
})
