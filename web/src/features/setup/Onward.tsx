// The way out of a step.

import { ActionGroup } from '@patternfly/react-core'
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { STEPS } from './steps.ts'
import type { Step } from './steps.ts'

/** Leads to the step, as the one thing to do next unless something else is. */
export function Onward({ to, isMain, children }: { to: Step; isMain: boolean; children?: ReactNode }) {
  const { title } = STEPS.find(({ key }) => key === to)!
  return (
    <ActionGroup>
      {children}
      <Link to={`/setup/${to}`} className={`pf-v6-c-button pf-m-${isMain ? 'primary' : 'link'}`}>
        {isMain ? `Next: ${title}` : `Later: ${title}`}
      </Link>
    </ActionGroup>
  )
}
