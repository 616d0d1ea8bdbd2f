// The fleet at a glance: how machines stand, what happens now, what went wrong, where.

import {
  Card,
  CardBody,
  CardHeader,
  CardTitle,
  Content,
  EmptyState,
  EmptyStateBody,
  FormSelect,
  FormSelectOption,
  Grid,
  GridItem,
  PageSection,
  Title,
} from '@patternfly/react-core'
import type { ReactNode } from 'react'
import { useSearchParams } from 'react-router'
import type { Overview } from '../../../../server/contract/overview.ts'
import { useOverview } from '../../api/queries.ts'
import { useTitle } from '../../ui/title.ts'
import { Loaded } from '../../ui/Trouble.tsx'
import { Changes } from './Changes.tsx'
import { Failures } from './Failures.tsx'
import { EndedColumns } from './EndedColumns.tsx'
import { daysUntil, hoursSince } from './ended.ts'
import { ImageSpreadView } from './ImageSpreadView.tsx'
import { Racks } from './Racks.tsx'
import { RunningInstalls } from './RunningInstalls.tsx'
import { StateBar } from './StateBar.tsx'

/** What technicians group by, when the address does not say. */
const USUAL = ['rack', 'row', 'room', 'site']

export function OverviewPage() {
  useTitle('Overview')
  const [params, setParams] = useSearchParams()
  const asked = params.get('by')
  const result = useOverview(asked ?? USUAL[0]!)
  return (
    <>
      <PageSection>
        <Title headingLevel="h1">Overview</Title>
      </PageSection>
      <PageSection isFilled>
        <Loaded result={result} what="the overview">
          {(overview) =>
            overview.total === 0 ? (
              <EmptyState titleText="No machines yet" headingLevel="h2">
                <EmptyStateBody>
                  Power on a machine that boots from this network: it appears here by itself and waits for an image.
                </EmptyStateBody>
              </EmptyState>
            ) : (
              <Cards overview={overview} by={asked ?? USUAL[0]!} onBy={(by) => setParams({ by }, { replace: true })} />
            )
          }
        </Loaded>
      </PageSection>
    </>
  )
}

function Cards({ overview, by, onBy }: { overview: Overview; by: string; onBy: (by: string) => void }) {
  const { total, states, installs, failures, images, changed, hours, days, news, labels, groups, since } = overview
  return (
    <Grid hasGutter>
      <Part title={`${total} ${total === 1 ? 'machine' : 'machines'}`} span={12}>
        <StateBar states={states} total={total} />
      </Part>
      <Part title="Failures by reason" span={6}>
        <Failures failures={failures} />
      </Part>
      <Part title="Running installs" span={6}>
        <RunningInstalls installs={installs} at={overview.at} />
      </Part>
      <Part
        title="Places"
        span={12}
        action={
          labels.length > 0 && (
            <FormSelect aria-label="Group machines by" value={by} onChange={(_, key) => onBy(key)}>
              {[...new Set([by, ...labels.map(({ key }) => key)])].map((key) => (
                <FormSelectOption key={key} value={key} label={`by ${key}`} />
              ))}
            </FormSelect>
          )
        }
      >
        {labels.length === 0 ? (
          <Content component="p">
            Give machines labels such as <code>rack=r12</code> to see them where they stand.
          </Content>
        ) : (
          <Racks by={by} groups={groups} />
        )}
      </Part>
      <Part title="Images" span={6}>
        <ImageSpreadView images={images} />
      </Part>
      <Part title="Installs of two weeks" span={6}>
        <EndedColumns columns={daysUntil(days, since)} when="in the last two weeks, day by day" />
      </Part>
      <Part title="Today" span={12}>
        <EndedColumns columns={hoursSince(hours, since)} when="today" />
        <Changes changed={changed} news={news} />
      </Part>
    </Grid>
  )
}

function Part({
  title,
  span,
  action,
  children,
}: {
  title: string
  span: 6 | 12
  action?: ReactNode
  children: ReactNode
}) {
  return (
    <GridItem span={12} xl={span}>
      <Card isFullHeight isCompact>
        <CardHeader {...(action !== undefined && { actions: { actions: action, hasNoOffset: true } })}>
          <CardTitle component="h2">{title}</CardTitle>
        </CardHeader>
        <CardBody>{children}</CardBody>
      </Card>
    </GridItem>
  )
}
