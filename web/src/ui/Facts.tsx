// Pairs of name and value.

import {
  DescriptionList,
  DescriptionListDescription,
  DescriptionListGroup,
  DescriptionListTerm,
} from '@patternfly/react-core'
import type { ReactNode } from 'react'

export function Facts({
  facts,
  label,
}: {
  facts: readonly (readonly [name: string, value: ReactNode])[]
  label: string
}) {
  return (
    <DescriptionList isHorizontal isCompact aria-label={label} horizontalTermWidthModifier={{ default: '9rem' }}>
      {facts.map(([name, value]) => (
        <DescriptionListGroup key={name}>
          <DescriptionListTerm>{name}</DescriptionListTerm>
          <DescriptionListDescription>{value ?? <span className="lf-subtle">unknown</span>}</DescriptionListDescription>
        </DescriptionListGroup>
      ))}
    </DescriptionList>
  )
}
