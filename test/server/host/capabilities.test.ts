import { describe, expect, it } from 'vitest'
import { holds } from '../../../server/host/capabilities.ts'

describe('holds', () => {
  it.each([
    ['000001fffeffffff', true, true],
    ['0000000000000400', true, false],
    ['0000000000000000', false, false],
  ])('%s', (set, bind, setuid) => {
    const status = `CapInh:\t0000000000000000\nCapPrm:\t${set}\nCapEff:\t${set}\n`
    expect([holds(status, 'CAP_NET_BIND_SERVICE'), holds(status, 'CAP_SETUID')]).toEqual([bind, setuid])
  })

  it('nothing where the kernel tells nothing', () => {
    expect(holds('', 'CAP_SETUID')).toBe(false)
  })
})
