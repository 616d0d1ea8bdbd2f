// How the machine booted: what it sent, what it was answered and why, and what is missing at the end.

import {
  Alert,
  Button,
  Card,
  CardBody,
  CardHeader,
  CardTitle,
  CodeBlock,
  CodeBlockCode,
  Content,
  EmptyState,
  EmptyStateBody,
  ExpandableSection,
  List,
  ListComponent,
  ListItem,
  OrderType,
  ProgressStep,
  ProgressStepper,
  Stack,
  StackItem,
} from '@patternfly/react-core'
import { useState } from 'react'
import { formatSeconds } from '../../../../server/contract/pace.ts'
import type { BootStory, StoryStep, TraceEntry, Verdict } from '../../../../server/contract/trace.ts'
import { useMachineTrace, useSession } from '../../api/queries.ts'
import { Ago } from '../../ui/Ago.tsx'
import { Loaded } from '../../ui/Trouble.tsx'

export function BootStoryCard({ machineId, macs }: { machineId: string; macs: readonly string[] }) {
  const result = useMachineTrace(machineId)
  const { data: session } = useSession()
  const boots = result.data?.boots ?? []
  const mayDownload = boots.length > 0 && (session?.role === 'operator' || session?.role === 'admin')
  const download = (
    <Button component="a" variant="link" href={`/api/v1/machines/${machineId}/trace.pcap`} download>
      Download packets (pcap)
    </Button>
  )
  return (
    <Card>
      <CardHeader actions={{ actions: mayDownload ? download : null, hasNoOffset: true }}>
        <CardTitle component="h2">Boot story</CardTitle>
      </CardHeader>
      <CardBody>
        <Loaded result={result} what="the boot story">
          {({ boots: [newest, ...earlier] }) =>
            newest ? (
              <>
                <Boot story={newest} />
                {earlier.map((story) => (
                  <EarlierBoot key={story.startedAt} story={story} />
                ))}
              </>
            ) : (
              <NothingHeard macs={macs} />
            )
          }
        </Loaded>
      </CardBody>
    </Card>
  )
}

function NothingHeard({ macs }: { macs: readonly string[] }) {
  return (
    <EmptyState headingLevel="h3" titleText="Nothing was heard of this machine yet" variant="sm">
      <EmptyStateBody>
        <p>
          No packet of <span className="lf-mono">{macs.join(', ')}</span> arrived. Start the machine and choose network
          boot in its boot menu, often with F12.
        </p>
        <p>
          When it stays silent, <span className="lf-mono">landfall doctor netboot {macs[0]}</span> on the server looks
          for what is in the way: cable, VLAN, firewall, another DHCP server.
        </p>
      </EmptyStateBody>
    </EmptyState>
  )
}

function EarlierBoot({ story }: { story: BootStory }) {
  const [isOpen, setOpen] = useState(false)
  return (
    <ExpandableSection
      toggleText={`Boot of ${new Date(story.startedAt).toLocaleString()}`}
      isExpanded={isOpen}
      onToggle={(_, open) => setOpen(open)}
    >
      {isOpen && <Boot story={story} />}
    </ExpandableSection>
  )
}

function Boot({ story: { startedAt, lastAt, verdict, steps } }: { story: BootStory }) {
  return (
    <Stack hasGutter>
      <StackItem>
        <Outcome verdict={verdict} />
      </StackItem>
      <StackItem>
        <Content component="small">
          Began <time dateTime={startedAt}>{new Date(startedAt).toLocaleString()}</time>, last heard{' '}
          <Ago time={lastAt} />
        </Content>
      </StackItem>
      <StackItem>
        <ProgressStepper isVertical aria-label="Steps of the boot">
          {steps.map((step) => (
            <Step key={`${step.at} ${step.text}`} step={step} />
          ))}
        </ProgressStepper>
      </StackItem>
    </Stack>
  )
}

const ALERTS: Record<Verdict['level'], 'success' | 'info' | 'warning'> = {
  good: 'success',
  waiting: 'info',
  trouble: 'warning',
}

function Outcome({ verdict: { code, level, message, causes, next } }: { verdict: Verdict }) {
  return (
    <Alert component="h3" isInline variant={ALERTS[level]} title={message}>
      <Stack hasGutter>
        {causes.length > 0 && (
          <StackItem>
            Likely causes:
            <List>
              {causes.map((cause) => (
                <ListItem key={cause}>{cause}</ListItem>
              ))}
            </List>
          </StackItem>
        )}
        {next.length > 0 && (
          <StackItem>
            What to do:
            <List component={ListComponent.ol} type={OrderType.number}>
              {next.map((step) => (
                <ListItem key={step}>{step}</ListItem>
              ))}
            </List>
          </StackItem>
        )}
        <StackItem className="lf-mono lf-subtle">{code}</StackItem>
      </Stack>
    </Alert>
  )
}

const VARIANTS: Record<StoryStep['level'], 'default' | 'success' | 'warning' | 'danger'> = {
  info: 'default',
  success: 'success',
  warning: 'warning',
  danger: 'danger',
}

function Step({ step }: { step: StoryStep }) {
  const { at, seconds, count, lastedSeconds, level, text, reason, entries } = step
  const [isOpen, setOpen] = useState(false)
  const id = `story-${at}`
  return (
    <ProgressStep
      id={id}
      titleId={`${id}-title`}
      variant={VARIANTS[level]}
      aria-label={`${level} step`}
      description={
        <>
          {reason !== null && <div>because {reason}</div>}
          <Button
            variant="link"
            isInline
            aria-expanded={isOpen}
            aria-label={`Details of: ${text}`}
            onClick={() => setOpen(!isOpen)}
          >
            {isOpen ? 'Hide details' : 'Details'}
          </Button>
          {isOpen && <Entries entries={entries} of={text} />}
        </>
      }
    >
      <time dateTime={at} title={new Date(at).toLocaleString()} className="lf-nowrap lf-subtle">
        +{formatSeconds(seconds)}
      </time>{' '}
      {text}
      {count > 1 && (
        <strong>
          {' '}
          ×{count} in {formatSeconds(lastedSeconds)}
        </strong>
      )}
    </ProgressStep>
  )
}

function Entries({ entries, of }: { entries: readonly TraceEntry[]; of: string }) {
  const text = entries.map(({ at, summary, details }) =>
    [`${at}  ${summary}`, ...details.map(({ name, value }) => `    ${name}: ${value}`)].join('\n'),
  )
  return (
    <CodeBlock>
      <section aria-label={`Details of: ${of}`} tabIndex={0} className="lf-scroll">
        <CodeBlockCode>{text.join('\n\n')}</CodeBlockCode>
      </section>
    </CodeBlock>
  )
}
