import { describe, expect, it } from 'vitest'
import { campaign } from '../../fuzz/campaign.ts'
import { http } from '../../fuzz/http.ts'
import { tftp } from '../../fuzz/tftp.ts'

const SEED = 70

describe('statement 69, 70: after hostile input, with an honest client served meanwhile', () => {
  it.each([
    [tftp, 10_000],
    [http, 1000],
  ] as const)('$name lives, answers no garbage and holds nothing', async (target, inputs) => {
    const report = await campaign(target, { inputs, seed: SEED })
    console.log(JSON.stringify(report))
    expect(report.problems).toEqual([])
    expect(report.worked).toBeGreaterThan(0)
    expect(report.grownBytes).toBeLessThan(40e6)
  })
})
