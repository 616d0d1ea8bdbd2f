// For addresses that lead nowhere.

import { EmptyState, EmptyStateBody, PageSection } from '@patternfly/react-core'
import { Link } from 'react-router'
import { useTitle } from '../ui/title.ts'

export function NotFound() {
  useTitle('Not found')
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
