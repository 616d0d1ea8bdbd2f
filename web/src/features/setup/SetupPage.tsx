// The first set-up: four steps from the one-time link to the first machine. The address has the step, the server everything else.

import {
  Alert,
  Card,
  CardBody,
  CardTitle,
  Content,
  PageSection,
  ProgressStep,
  ProgressStepper,
  Title,
} from '@patternfly/react-core'
import type { ReactNode } from 'react'
import { Link, Navigate } from 'react-router'
import type { Session } from '../../../../server/contract/access.ts'
import { useUsers } from '../../api/access.ts'
import { useImages, useMachines } from '../../api/queries.ts'
import { useNetwork } from '../../api/setup.ts'
import { Loaded } from '../../ui/Trouble.tsx'
import { useTitle } from '../../ui/title.ts'
import { AdministratorStep } from './AdministratorStep.tsx'
import { ImageStep } from './ImageStep.tsx'
import { MachineStep } from './MachineStep.tsx'
import { NetworkStep } from './NetworkStep.tsx'
import { isDone, isStep, nextStep, STEPS } from './steps.ts'
import type { SetupFacts, Step } from './steps.ts'

export interface SetupPageProps {
  session: Session
  /** As the address has it. */
  step: string | undefined
  pullDialog: (onClose: () => void) => ReactNode
}

export function SetupPage({ session, step, pullDialog }: SetupPageProps) {
  useTitle('Set up')
  return (
    <>
      <PageSection>
        <Title headingLevel="h1">Set up Landfall</Title>
        <Content component="p">
          Four steps to the first machine. Leave whenever you like: <Link to="/machines">the inventory</Link> is there
          already, and <Link to="/setup">the set-up</Link> goes on where you left it.
        </Content>
      </PageSection>
      <PageSection isFilled>
        {session.role === 'admin' && session.scope === null ? (
          <Steps step={step} pullDialog={pullDialog} />
        ) : (
          <Alert component="p" isInline variant="info" title="Only an administrator of everything sets up a server." />
        )}
      </PageSection>
    </>
  )
}

function Steps({ step, pullDialog }: Omit<SetupPageProps, 'session'>) {
  const result = useSetupFacts()
  return (
    <Loaded result={result} what="the state of the set-up">
      {(facts) =>
        isStep(step) ? (
          <div className="lf-setup">
            <Way facts={facts} current={step} />
            <Card>
              <CardTitle component="h2">{STEPS.find(({ key }) => key === step)!.title}</CardTitle>
              <CardBody>
                {step === 'administrator' && <AdministratorStep users={facts.users} />}
                {step === 'network' && <NetworkStep network={facts.network} />}
                {step === 'image' && <ImageStep pullDialog={pullDialog} />}
                {step === 'machine' && <MachineStep network={facts.network} />}
              </CardBody>
            </Card>
          </div>
        ) : (
          <Navigate to={`/setup/${nextStep(facts)}`} replace />
        )
      }
    </Loaded>
  )
}

/** All that tells how far the set-up is. */
function useSetupFacts(): { data: SetupFacts | undefined; error: Error | null } {
  const [users, network, images, machines] = [useUsers(), useNetwork(), useImages(), useMachines('limit=1')]
  const error = users.error ?? network.error ?? images.error ?? machines.error
  const isThere = users.data && network.data && images.data && machines.data
  return {
    error,
    data: isThere && {
      users: users.data,
      network: network.data,
      images: images.data.length,
      machines: machines.data.total,
    },
  }
}

function Way({ facts, current }: { facts: SetupFacts; current: Step }) {
  return (
    <div className="lf-journey">
      <ProgressStepper aria-label="Steps" isCenterAligned>
        {STEPS.map(({ key, title }) => {
          const done = isDone(key, facts)
          return (
            <ProgressStep
              key={key}
              id={`setup-${key}`}
              titleId={`setup-${key}-title`}
              variant={done ? 'success' : key === current ? 'info' : 'pending'}
              isCurrent={key === current}
              aria-label={`${title}: ${done ? 'done' : key === current ? 'now' : 'to do'}`}
            >
              <Link to={`/setup/${key}`}>{title}</Link>
            </ProgressStep>
          )
        })}
      </ProgressStepper>
    </div>
  )
}
