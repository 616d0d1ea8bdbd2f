// Who may come in, with which rights, and what they did.

import { PageSection, Tab, Tabs, TabTitleText, Title } from '@patternfly/react-core'
import { useState } from 'react'
import type { Session } from '../../../../server/contract/access.ts'
import { useTitle } from '../../ui/title.ts'
import { AuditView } from './AuditView.tsx'
import { OwnAccess } from './OwnAccess.tsx'
import { TokensView } from './TokensView.tsx'
import { UsersView } from './UsersView.tsx'
import { WebhooksView } from './WebhooksView.tsx'

const VIEWS = [
  { key: 'users', title: 'Users', View: UsersView },
  { key: 'tokens', title: 'API tokens', View: TokensView },
  { key: 'webhooks', title: 'Webhooks', View: WebhooksView },
  { key: 'audit', title: 'Audit trail', View: AuditView },
]

/** An administrator of everything sees everybody; others only themselves. */
export function AccessPage({ session }: { session: Session }) {
  useTitle('Access')
  const [shown, setShown] = useState<string | number>('users')
  const isAdministrator = session.role === 'admin' && session.scope === null
  return (
    <>
      <PageSection>
        <Title headingLevel="h1">Access</Title>
        <OwnAccess session={session} />
      </PageSection>
      {isAdministrator && (
        <PageSection isFilled>
          <Tabs
            className="lf-tabs"
            activeKey={shown}
            onSelect={(_, key) => setShown(key)}
            mountOnEnter
            unmountOnExit
            aria-label="Access"
          >
            {VIEWS.map(({ key, title, View }) => (
              <Tab key={key} eventKey={key} title={<TabTitleText>{title}</TabTitleText>}>
                <div className="lf-below-tabs">
                  <View />
                </div>
              </Tab>
            ))}
          </Tabs>
        </PageSection>
      )}
    </>
  )
}
