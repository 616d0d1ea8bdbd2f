// Frame of every page: name, places to go, who is logged in, and whether what one sees is live.

import {
  Alert,
  Button,
  Content,
  List,
  ListItem,
  Masthead,
  MastheadBrand,
  MastheadContent,
  MastheadLogo,
  MastheadMain,
  MastheadToggle,
  Nav,
  NavItem,
  NavList,
  Page,
  PageSidebar,
  PageSidebarBody,
  PageToggleButton,
  SkipToContent,
  Toolbar,
  ToolbarContent,
  ToolbarItem,
} from '@patternfly/react-core'
import { BarsIcon } from '@patternfly/react-icons'
import type { ReactNode } from 'react'
import { Link, useLocation } from 'react-router'
import type { Session } from '../../../server/contract/access.ts'
import { useLiveUpdates } from '../api/live.ts'
import { useLogout, useSystem } from '../api/queries.ts'

const PLACES = [
  { path: '/overview', title: 'Overview' },
  { path: '/machines', title: 'Machines' },
  { path: '/images', title: 'Images' },
  { path: '/media', title: 'Boot media' },
  { path: '/access', title: 'Access' },
]

const MAIN = 'main'

export function Shell({ session, children }: { session: Session; children: ReactNode }) {
  const live = useLiveUpdates()
  const { data: system } = useSystem()
  return (
    <Page
      masthead={<Top session={session} server={system?.name} version={system?.version} />}
      sidebar={<Places />}
      isManagedSidebar
      mainContainerId={MAIN}
      skipToContent={<SkipToContent href={`#${MAIN}`}>Skip to content</SkipToContent>}
    >
      <Warnings live={live} warnings={system?.warnings ?? []} />
      {children}
    </Page>
  )
}

function Warnings({ live, warnings }: { live: boolean; warnings: readonly string[] }) {
  if (live && warnings.length === 0) return null
  return (
    <section className="lf-warnings" aria-label="Warnings" aria-live="polite">
      {!live && (
        <Alert
          component="p"
          isInline
          variant="warning"
          title="The connection to the server is lost; what you see may be old. Trying again."
        />
      )}
      {warnings.length === 1 && <Alert component="p" isInline isPlain variant="warning" title={warnings[0]} />}
      {warnings.length > 1 && (
        <Alert
          component="p"
          isInline
          isPlain
          isExpandable
          variant="warning"
          title={`${warnings.length} warnings about this server`}
          toggleAriaLabel="Show warnings"
        >
          <List>
            {warnings.map((warning) => (
              <ListItem key={warning}>{warning}</ListItem>
            ))}
          </List>
        </Alert>
      )}
    </section>
  )
}

function Top({
  session,
  server,
  version,
}: {
  session: Session
  server: string | undefined
  version: string | undefined
}) {
  const { mutate: logout } = useLogout()
  return (
    <Masthead>
      <MastheadMain>
        <MastheadToggle>
          <PageToggleButton variant="plain" aria-label="Navigation">
            <BarsIcon />
          </PageToggleButton>
        </MastheadToggle>
        <MastheadBrand>
          <MastheadLogo component={(props) => <Link {...props} to="/machines" />}>
            <span className="lf-brand">
              <img src="/icon.svg" alt="" />
              Landfall
            </span>
          </MastheadLogo>
        </MastheadBrand>
      </MastheadMain>
      <MastheadContent>
        <Toolbar isStatic>
          <ToolbarContent alignItems="center">
            <ToolbarItem>
              <Content component="small">
                {server} {version}
              </Content>
            </ToolbarItem>
            <ToolbarItem align={{ default: 'alignEnd' }}>
              {session.name} ({session.role})
            </ToolbarItem>
            <ToolbarItem>
              <Button variant="link" onClick={() => logout({ everywhere: false })}>
                Log out
              </Button>
            </ToolbarItem>
          </ToolbarContent>
        </Toolbar>
      </MastheadContent>
    </Masthead>
  )
}

function Places() {
  const { pathname } = useLocation()
  return (
    <PageSidebar>
      <PageSidebarBody>
        <Nav aria-label="Places">
          <NavList>
            {PLACES.map(({ path, title }) => (
              <NavItem key={path} isActive={pathname.startsWith(path)}>
                <Link to={path}>{title}</Link>
              </NavItem>
            ))}
          </NavList>
        </Nav>
      </PageSidebarBody>
    </PageSidebar>
  )
}
