// A share of the requests that `node test/fuzz/run.ts api` makes.
import { expect, it } from 'vitest'
import { api } from '../../../fuzz/api.ts'
import { campaign } from '../../../fuzz/campaign.ts'

it('answers whatever is made of its description without a fault, and refuses without a change', async () => {
  const report = await campaign(api, { inputs: 200, seed: 70 })
  expect(report.problems).toEqual([])
  expect(report.worked).toBeGreaterThan(0)
})
