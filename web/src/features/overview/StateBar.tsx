// How many machines are in each state: as a bar for the eye, as numbers that lead to them.

import { Flex, FlexItem } from '@patternfly/react-core'
import { Link } from 'react-router'
import type { StateCounts } from '../../../../server/contract/overview.ts'
import { MACHINE_STATES } from '../../ui/StateLabel.tsx'

export function StateBar({ states, total }: { states: StateCounts; total: number }) {
  const present = MACHINE_STATES.filter((state) => (states[state] ?? 0) > 0)
  return (
    <>
      <div className="lf-bar lf-bar-large" aria-hidden="true">
        {present.map((state) => (
          <span key={state} data-state={state} style={{ width: `${(states[state]! / total) * 100}%` }} />
        ))}
      </div>
      <Flex columnGap={{ default: 'columnGapXl' }} className="lf-legend">
        {present.map((state) => (
          <FlexItem key={state}>
            <Link to={`/machines?state=${state}`}>
              <span className="lf-dot" data-state={state} aria-hidden="true" /> <strong>{states[state]}</strong> {state}
            </Link>
          </FlexItem>
        ))}
      </Flex>
    </>
  )
}
