// One machine: what it is, what it should run, what it did.

import {
  Alert,
  Breadcrumb,
  BreadcrumbItem,
  Button,
  Card,
  CardBody,
  CardTitle,
  Dropdown,
  DropdownItem,
  DropdownList,
  Flex,
  FlexItem,
  Grid,
  GridItem,
  Label,
  MenuToggle,
  PageSection,
  Title,
} from '@patternfly/react-core'
import { CheckCircleIcon } from '@patternfly/react-icons'
import { useState } from 'react'
import type { ReactNode } from 'react'
import { Link, useNavigate } from 'react-router'
import type { Machine } from '../../../../server/contract/machine.ts'
import { silenceHint, silenceText } from '../../../../server/contract/silence.ts'
import { useInstall, useMachine, useReinstall, useRetireMachine } from '../../api/queries.ts'
import { Ago } from '../../ui/Ago.tsx'
import { ConfirmDialog } from '../../ui/ConfirmDialog.tsx'
import { Digest } from '../../ui/Digest.tsx'
import { Facts } from '../../ui/Facts.tsx'
import { percentOf } from '../../ui/format.ts'
import { SilentLabel } from '../../ui/SilentLabel.tsx'
import { useNow } from '../../ui/now.ts'
import { StateLabel } from '../../ui/StateLabel.tsx'
import { useTitle } from '../../ui/title.ts'
import { Loaded, Trouble } from '../../ui/Trouble.tsx'
import { AssignDialog } from './AssignDialog.tsx'
import { BootStoryCard } from './BootStoryCard.tsx'
import { ConsoleCard } from './ConsoleCard.tsx'
import { EditMachineDialog } from './EditMachineDialog.tsx'
import { EventsCard } from './EventsCard.tsx'
import { HardwareCard } from './HardwareCard.tsx'
import { JourneyCard } from './JourneyCard.tsx'
import { KickstartCard } from './KickstartCard.tsx'
import { targetOfMachines } from './selection.ts'
import { LabelList } from './LabelList.tsx'
import { SpecCard } from './SpecCard.tsx'

/** `installs` comes first: it is what people open this page for. */
export function MachinePage({ id, installs }: { id: string; installs: ReactNode }) {
  const result = useMachine(id)
  useTitle(result.data?.name ?? id)
  return (
    <>
      <PageSection>
        <Breadcrumb>
          <BreadcrumbItem
            render={({ className }) => (
              <Link className={className} to="/machines">
                Machines
              </Link>
            )}
          />
          <BreadcrumbItem isActive>{result.data?.name ?? id}</BreadcrumbItem>
        </Breadcrumb>
      </PageSection>
      <Loaded result={result} what="this machine">
        {(machine) => (
          <>
            <Header machine={machine} />
            <PageSection isFilled>
              <Grid hasGutter lg={6}>
                <GridItem span={12}>
                  <Failure machine={machine} />
                  <Silence machine={machine} />
                </GridItem>
                <GridItem span={12}>
                  <JourneyCard machineId={machine.id} />
                </GridItem>
                <GridItem span={12}>{installs}</GridItem>
                <GridItem span={12} lg={6}>
                  <StatusCard machine={machine} />
                </GridItem>
                <GridItem span={12} lg={6}>
                  <SpecCard machine={machine} />
                </GridItem>
                {machine.spec.installer === 'anaconda' && (
                  <GridItem span={12}>
                    <KickstartCard machineId={machine.id} />
                  </GridItem>
                )}
                <GridItem span={12}>
                  <ConsoleCard machine={machine} />
                </GridItem>
                <GridItem span={12}>
                  <BootStoryCard machineId={machine.id} macs={machine.macs} />
                </GridItem>
                <GridItem span={12}>
                  <HardwareCard machineId={machine.id} facts={machine.facts} />
                </GridItem>
                <GridItem span={12}>
                  <EventsCard machineId={machine.id} />
                </GridItem>
              </Grid>
            </PageSection>
          </>
        )}
      </Loaded>
    </>
  )
}

function Header({ machine }: { machine: Machine }) {
  const [dialog, setDialog] = useState<'assign' | 'edit' | 'reinstall' | 'retire' | 'forget' | undefined>()
  const [menuOpen, setMenuOpen] = useState(false)
  const navigate = useNavigate()
  const reinstall = useReinstall(machine.id)
  const retire = useRetireMachine(machine.id)
  const close = (): void => setDialog(undefined)
  const open = (which: typeof dialog): void => {
    setMenuOpen(false)
    setDialog(which)
  }
  return (
    <PageSection>
      <Flex alignItems={{ default: 'alignItemsCenter' }}>
        <FlexItem>
          <Title headingLevel="h1">{machine.name}</Title>
        </FlexItem>
        <FlexItem>
          <StateLabel state={machine.state} /> <SilentLabel silentSince={machine.silentSince} />
        </FlexItem>
        <FlexItem align={{ default: 'alignRight' }}>
          <Button onClick={() => open('assign')} isDisabled={machine.state === 'retired'}>
            Assign image
          </Button>
        </FlexItem>
        <FlexItem>
          <Dropdown
            isOpen={menuOpen}
            onOpenChange={setMenuOpen}
            toggle={(ref) => (
              <MenuToggle ref={ref} onClick={() => setMenuOpen(!menuOpen)} isExpanded={menuOpen}>
                More actions
              </MenuToggle>
            )}
          >
            <DropdownList>
              <DropdownItem onClick={() => open('edit')}>Edit name and labels</DropdownItem>
              <DropdownItem onClick={() => open('reinstall')} isDisabled={machine.image === null}>
                Reinstall {machine.image ?? ''}
              </DropdownItem>
              {machine.state === 'retired' ? (
                <DropdownItem onClick={() => open('forget')}>Forget this machine</DropdownItem>
              ) : (
                <DropdownItem onClick={() => open('retire')}>Retire</DropdownItem>
              )}
            </DropdownList>
          </Dropdown>
        </FlexItem>
      </Flex>
      {dialog === 'assign' && <AssignDialog target={targetOfMachines([machine])} onClose={close} onAssigned={close} />}
      {dialog === 'edit' && <EditMachineDialog machine={machine} onClose={close} />}
      {dialog === 'reinstall' && (
        <ConfirmDialog
          title={`Reinstall ${machine.name}`}
          action="Erase and install"
          isBusy={reinstall.isPending}
          error={reinstall.error}
          onConfirm={() => reinstall.mutate(undefined, { onSuccess: close })}
          onClose={close}
        >
          The disk is erased and {machine.image} installed again, at once if the machine waits in the installer, else at
          its next network boot.
        </ConfirmDialog>
      )}
      {dialog === 'retire' && (
        <ConfirmDialog
          title={`Retire ${machine.name}`}
          action="Retire"
          isBusy={retire.isPending}
          error={retire.error}
          onConfirm={() => retire.mutate({ forget: false }, { onSuccess: close })}
          onClose={close}
        >
          Landfall will no longer answer its network boots. Its disk stays as it is.
        </ConfirmDialog>
      )}
      {dialog === 'forget' && (
        <ConfirmDialog
          title={`Forget ${machine.name}`}
          action="Forget"
          isBusy={retire.isPending}
          error={retire.error}
          onConfirm={() => retire.mutate({ forget: true }, { onSuccess: () => void navigate('/machines') })}
          onClose={close}
        >
          Its record, facts and installs are removed. If it boots from the network again, it comes back as a stranger.
        </ConfirmDialog>
      )}
    </PageSection>
  )
}

function Failure({ machine: { id, state, failure, image } }: { machine: Machine }) {
  const retry = useReinstall(id)
  if (state !== 'failed' || !failure) return null
  return (
    <Alert
      component="h2"
      isInline
      variant="danger"
      title={`The last install failed: ${failure.code}`}
      actionLinks={
        <Button
          variant="secondary"
          isDisabled={image === null || retry.isPending}
          isLoading={retry.isPending}
          onClick={() => retry.mutate(undefined)}
        >
          Try again with {image ?? 'an image'}
        </Button>
      }
    >
      <p>{failure.message}</p>
      {failure.hint !== undefined && <p>{failure.hint}</p>}
      <p>The machine waits in the installer. Trying again, or assigning another image, erases the disk anew.</p>
      {retry.error && <Trouble error={retry.error} what="The install was not begun again" />}
    </Alert>
  )
}

function Silence({ machine }: { machine: Machine }) {
  const { data: install } = useInstall(machine.installId)
  const text = silenceText(machine, useNow(machine.silentSince !== null))
  if (text === undefined) return null
  const step = install?.steps.findLast(({ state }) => state !== 'pending')
  return (
    <Alert component="h2" isInline variant="warning" title={`This machine has been ${text}`}>
      {step && (
        <p>
          Its last step: {step.name}
          {step.totalBytes > 0 && `, ${percentOf(step.bytes, step.totalBytes)} %`}. The install goes on when it comes
          back.
        </p>
      )}
      <p>What to do: {silenceHint(machine.state)}.</p>
    </Alert>
  )
}

function StatusCard({ machine }: { machine: Machine }) {
  const { macs, address, uuid, serial, labels, image, wantedDigest, runningDigest, generation, lastSeenAt, createdAt } =
    machine
  const confirmed = runningDigest !== null && runningDigest === wantedDigest
  const differs = runningDigest !== null && wantedDigest !== null && !confirmed
  return (
    <Card isFullHeight>
      <CardTitle component="h2">Status</CardTitle>
      <CardBody>
        <Facts
          label="Status"
          facts={[
            ['Image', image ?? <span className="lf-subtle">none assigned</span>],
            ['Wanted', <Digest key="wanted" digest={wantedDigest} whole={wantedDigest !== null} />],
            [
              'Runs',
              <>
                <Digest digest={runningDigest} whole={runningDigest !== null} />
                {differs && <Label color="orange">not what is wanted</Label>}
                {confirmed && (
                  <>
                    {' '}
                    <CheckCircleIcon color="var(--pf-t--global--icon--color--status--success--default)" /> as wanted, by
                    its own word
                  </>
                )}
              </>,
            ],
            ['Generation', generation],
            [
              'MAC',
              <span key="mac" className="lf-mono">
                {macs.join(', ')}
              </span>,
            ],
            ['Address', address ?? <span className="lf-subtle">none yet</span>],
            ['Serial', serial],
            ['UUID', uuid === null ? undefined : <span className="lf-mono">{uuid}</span>],
            ['Labels', <LabelList key="labels" labels={labels} />],
            ['Last seen', <Ago key="seen" time={lastSeenAt} />],
            ['Known since', new Date(createdAt).toLocaleString()],
          ]}
        />
      </CardBody>
    </Card>
  )
}
