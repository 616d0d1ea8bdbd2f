// The installs of a machine: the newest, or an earlier one that was chosen.

import { formatBytes } from '../../../../server/contract/bytes.ts'
import {
  Alert,
  Button,
  Card,
  CardBody,
  CardHeader,
  CardTitle,
  FormSelect,
  FormSelectOption,
  Grid,
  GridItem,
  Label,
} from '@patternfly/react-core'
import { useState } from 'react'
import type { Install, InstallState } from '../../../../server/contract/install.ts'
import { trustSentence } from '../../../../server/contract/trust-text.ts'
import type { TrustVerdict } from '../../../../server/contract/trust.ts'
import { useCancelInstall, useInstall, useMachineInstalls } from '../../api/queries.ts'
import { ConfirmDialog } from '../../ui/ConfirmDialog.tsx'
import { Digest } from '../../ui/Digest.tsx'
import { Facts } from '../../ui/Facts.tsx'
import { TrustLabel } from '../../ui/TrustLabel.tsx'
import { Loaded } from '../../ui/Trouble.tsx'
import { ErasuresView } from './ErasuresView.tsx'
import { LayersView } from './LayersView.tsx'
import { LogView } from './LogView.tsx'
import { PlanView } from './PlanView.tsx'
import { StepsView } from './StepsView.tsx'

const COLORS: Record<InstallState, 'blue' | 'green' | 'red' | 'grey'> = {
  pending: 'blue',
  running: 'blue',
  rebooting: 'blue',
  succeeded: 'green',
  failed: 'red',
  superseded: 'grey',
}

export function InstallPanel({ machineId }: { machineId: string }) {
  const result = useMachineInstalls(machineId)
  const [chosen, setChosen] = useState<string>()
  return (
    <Loaded result={result} what="installs">
      {(installs) => {
        const shown = installs.find(({ id }) => id === chosen) ?? installs[0]
        return (
          <Card>
            <CardHeader actions={{ actions: <Chooser installs={installs} value={shown?.id} onChange={setChosen} /> }}>
              <CardTitle component="h2">Install</CardTitle>
            </CardHeader>
            <CardBody>
              {shown ? (
                <InstallView key={shown.id} id={shown.id} />
              ) : (
                <p className="lf-subtle">Nothing was installed yet. Assign an image to begin.</p>
              )}
            </CardBody>
          </Card>
        )
      }}
    </Loaded>
  )
}

function Chooser({
  installs,
  value,
  onChange,
}: {
  installs: readonly Install[]
  value: string | undefined
  onChange: (id: string) => void
}) {
  if (installs.length < 2) return null
  return (
    <FormSelect aria-label="Which install" value={value ?? ''} onChange={(_, id) => onChange(id)}>
      {installs.map(({ id, generation, image, state }) => (
        <FormSelectOption key={id} value={id} label={`Generation ${generation}: ${image}, ${state}`} />
      ))}
    </FormSelect>
  )
}

function InstallView({ id }: { id: string }) {
  return (
    <Loaded result={useInstall(id)} what="the install">
      {(install) => (
        <Grid hasGutter>
          {install.failure && (
            <GridItem span={12}>
              <Alert component="h3" isInline variant="danger" title={install.failure.code}>
                <p>{install.failure.message}</p>
                {install.failure.hint !== undefined && <p>{install.failure.hint}</p>}
              </Alert>
            </GridItem>
          )}
          <GridItem span={12} lg={5}>
            <Outcome install={install} />
          </GridItem>
          <GridItem span={12} lg={7}>
            <StepsView steps={install.steps} />
          </GridItem>
          <GridItem span={12}>
            <LayersView layers={install.layers} steps={install.steps} />
          </GridItem>
          <GridItem span={12}>
            <PlanView plan={install.plan} />
          </GridItem>
          {install.erasures.length > 0 && (
            <GridItem span={12}>
              <ErasuresView erasures={install.erasures} />
            </GridItem>
          )}
          <GridItem span={12}>
            <LogView installId={id} />
          </GridItem>
        </Grid>
      )}
    </Loaded>
  )
}

function Trust({ verdict }: { verdict: TrustVerdict | null }) {
  return (
    <>
      <TrustLabel verdict={verdict} /> {verdict && trustSentence(verdict)}
    </>
  )
}

function Outcome({ install }: { install: Install }) {
  const { id, state, image, digest, trust, generation, confirmedDigest, agentPeakRss, startedAt } = install
  const [asking, setAsking] = useState(false)
  const cancel = useCancelInstall(id)
  const unfinished = state === 'pending' || state === 'running'
  return (
    <>
      <Facts
        label="Install"
        facts={[
          [
            'State',
            <Label key="state" color={COLORS[state]}>
              {state}
            </Label>,
          ],
          ['Image', image],
          ['Digest', <Digest key="digest" digest={digest} whole />],
          ['Trust', <Trust key="trust" verdict={trust} />],
          [
            'Confirmed',
            confirmedDigest === null ? (
              'not yet'
            ) : confirmedDigest === digest ? (
              'yes, by the running system'
            ) : (
              <Digest digest={confirmedDigest} />
            ),
          ],
          ['Generation', generation],
          [
            'Began',
            startedAt === null ? 'when the machine next boots from the network' : new Date(startedAt).toLocaleString(),
          ],
          ...(agentPeakRss === null ? [] : [['Agent memory', `at most ${formatBytes(agentPeakRss)}`] as const]),
        ]}
      />
      {unfinished && (
        <Button variant="link" isDanger isInline onClick={() => setAsking(true)}>
          Cancel this install
        </Button>
      )}
      {asking && (
        <ConfirmDialog
          title="Cancel this install"
          action="Cancel the install"
          isBusy={cancel.isPending}
          error={cancel.error}
          onConfirm={() => cancel.mutate(undefined, { onSuccess: () => setAsking(false) })}
          onClose={() => setAsking(false)}
        >
          {state === 'pending'
            ? 'The machine keeps what it has.'
            : 'What was on the disk is lost already; the disk will not boot until something is installed.'}
        </ConfirmDialog>
      )}
    </>
  )
}
