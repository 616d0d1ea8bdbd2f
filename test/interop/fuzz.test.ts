// The short version of fuzzing DHCP and DHCPv6: a whole server on a wire of its own. `node test/fuzz/run.ts` is the long one.

import { expect, it } from 'vitest'
import { campaign } from '../fuzz/campaign.ts'
import { dhcp } from '../fuzz/dhcp.ts'
import { dhcp6 } from '../fuzz/dhcp6.ts'
import { netnsUnavailable } from './netns.ts'

const INPUTS = 10_000
const SEED = 70

it.for([dhcp, dhcp6])(
  'statement 70: $name lives, answers no garbage, serves an honest client meanwhile and holds nothing',
  { timeout: 600_000 },
  async (target, { skip }) => {
    const reason = netnsUnavailable()
    if (reason !== undefined) return skip(reason)
    const report = await campaign(target, { inputs: INPUTS, seed: SEED })
    console.log(JSON.stringify(report))
    expect(report.problems).toEqual([])
    expect(report.worked).toBeGreaterThan(0)
    expect(report.grownBytes).toBeLessThan(60e6)
  },
)
