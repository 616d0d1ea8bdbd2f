import { describe, expect, it } from 'vitest'
import { AutoMode } from '../../../server/dhcp/auto-mode.ts'

describe('AutoMode', () => {
  it('is undecided until the first probe is over', () => {
    const auto = new AutoMode()
    expect(auto.mode).toBeUndefined()
    expect(auto.unanswered()).toEqual({ mode: 'server' })
    expect(auto.unanswered()).toBeUndefined()
    expect(auto.mode).toBe('server')
  })

  it('gives way to another server at its first answer', () => {
    const auto = new AutoMode()
    auto.unanswered()
    expect(auto.answered('10.77.0.2')).toEqual({ mode: 'proxy', server: '10.77.0.2' })
    expect(auto.answered('10.77.0.2')).toBeUndefined()
    expect(auto.answered('10.77.0.3')).toEqual({ mode: 'proxy', server: '10.77.0.3' })
    expect([auto.mode, auto.server]).toEqual(['proxy', '10.77.0.3'])
  })

  it('takes over again only after three silent probes in a row', () => {
    const auto = new AutoMode()
    auto.answered('10.77.0.2')
    expect([auto.unanswered(), auto.unanswered()]).toEqual([undefined, undefined])
    auto.answered('10.77.0.2')
    expect([auto.unanswered(), auto.unanswered(), auto.mode]).toEqual([undefined, undefined, 'proxy'])
    expect(auto.unanswered()).toEqual({ mode: 'server' })
    expect(auto.server).toBeUndefined()
  })
})
