import { describe, expect, it } from 'vitest'
import { durationMs, parseDuration } from '../../../server/cli/duration.ts'
import { parseCondition } from '../../../server/cli/wait-condition.ts'
import type { MachineSummary } from '../../../server/contract/machine.ts'

const machine = (values: Partial<MachineSummary>) => values as MachineSummary
const DIGEST = `sha256:${'ab'.repeat(32)}`

describe('a condition', () => {
  it('of states is met in one of them', () => {
    const { isMet } = parseCondition('state=ready,deployed')
    expect([isMet(machine({ state: 'deployed' })), isMet(machine({ state: 'booting' }))]).toEqual([true, false])
  })

  it('of a digest is met when that runs, also by its beginning', () => {
    const runs = machine({ runningDigest: DIGEST })
    for (const text of [DIGEST, 'abababababab', 'sha256:ABABABABABAB'])
      expect(parseCondition(`digest=${text}`).isMet(runs)).toBe(true)
    expect(parseCondition('digest=abababababac').isMet(runs)).toBe(false)
    expect(parseCondition('digest=abababababab').isMet(machine({ runningDigest: null }))).toBe(false)
  })

  it('is spoiled when the machine failed or is retired, with the reason', () => {
    const { spoiled } = parseCondition('state=deployed')
    const failure = { code: 'NETWORK' as const, message: 'gone' }
    expect(spoiled(machine({ state: 'failed', failure }))).toBe('NETWORK: gone')
    expect(spoiled(machine({ state: 'retired', failure: null }))).toBe('it is retired')
    expect(spoiled(machine({ state: 'installing', failure: null }))).toBeUndefined()
  })

  it.each(['deployed', 'state=', 'state=done', 'digest=abc', 'digest=sha256:xyzxyzxyzxyz', 'colour=red'])(
    'is refused as %s',
    (text) => {
      expect(() => parseCondition(text)).toThrow(expect.objectContaining({ exitCode: 2 }))
    },
  )
})

describe('a time', () => {
  it('has a number and a unit', () => {
    expect(['90s', '30m', '2h', '7d'].map(durationMs)).toEqual([90_000, 1_800_000, 7_200_000, 604_800_000])
    expect(() => parseDuration('--timeout', '3600')).toThrow(/--timeout 3600/)
  })
})
