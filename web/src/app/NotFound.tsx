// For addresses that lead nowhere.

import { EmptyState, EmptyStateBody, PageSection } from '@patternfly/react-core'
import { Link } from 'react-router'

export function NotFound() {
  return (
    <PageSection>
      <EmptyState titleText="There is no such page" headingLevel="h1">
        <EmptyStateBody>
          Go to the <Link to="/machines">machines</Link>.
        </EmptyStateBody>
      </EmptyState>
    </PageSection>
  )
}
