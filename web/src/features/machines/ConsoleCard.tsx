// What the machine's console shows, as its management controller photographs it.

import {
  Alert,
  Button,
  Card,
  CardBody,
  CardHeader,
  CardTitle,
  Flex,
  FlexItem,
  Stack,
  StackItem,
} from '@patternfly/react-core'
import { ExternalLinkAltIcon } from '@patternfly/react-icons'
import { useState } from 'react'
import type { BmcView } from '../../../../server/contract/bmc.ts'
import type { Machine } from '../../../../server/contract/machine.ts'
import { ApiError, type Picture } from '../../api/client.ts'
import { useScreenshot, useSession, useUpdateMachine } from '../../api/queries.ts'
import { Ago } from '../../ui/Ago.tsx'
import { Trouble } from '../../ui/Trouble.tsx'
import { BmcDialog } from './BmcDialog.tsx'

export function ConsoleCard({ machine }: { machine: Machine }) {
  const [isOpen, setOpen] = useState(false)
  const { data: session } = useSession()
  const mayAct = session?.role === 'operator' || session?.role === 'admin'
  const { bmc } = machine
  const change = (
    <Button variant="link" onClick={() => setOpen(true)}>
      {bmc === null ? 'Set the controller' : 'Change the controller'}
    </Button>
  )
  return (
    <Card>
      <CardHeader actions={{ actions: mayAct ? change : null, hasNoOffset: true }}>
        <CardTitle component="h2">Console</CardTitle>
      </CardHeader>
      <CardBody>
        {bmc === null ? (
          <p className="lf-subtle">
            No management controller is set. With some of them a picture of the screen can be taken here.
          </p>
        ) : (
          // Another controller's picture, or its trouble, is none of this one's.
          <Controlled key={bmc.url} machine={machine} bmc={bmc} mayAct={mayAct} />
        )}
      </CardBody>
      {isOpen && <BmcDialog machine={machine} onClose={() => setOpen(false)} />}
    </Card>
  )
}

function Controlled({ machine, bmc, mayAct }: { machine: Machine; bmc: BmcView; mayAct: boolean }) {
  const { mutate, data: picture, error, isPending } = useScreenshot(machine.id)
  const take = () => mutate(undefined)
  return (
    <Stack hasGutter>
      <StackItem>
        <Flex>
          {mayAct && (
            <FlexItem>
              <Button variant="secondary" onClick={take} isDisabled={isPending} isLoading={isPending}>
                {isPending ? 'The controller is being asked' : 'Take a picture'}
              </Button>
            </FlexItem>
          )}
          <FlexItem>
            <Button
              component="a"
              variant="link"
              href={bmc.url}
              target="_blank"
              rel="noreferrer"
              icon={<ExternalLinkAltIcon />}
              iconPosition="end"
            >
              Page of the controller
            </Button>
          </FlexItem>
        </Flex>
      </StackItem>
      {error && (
        <StackItem>
          {error instanceof ApiError && error.code === 'BMC_CERTIFICATE_UNKNOWN' && error.certificate !== undefined ? (
            <Stranger machine={machine} bmc={bmc} certificate={error.certificate} onTrusted={take} />
          ) : (
            <Trouble error={error} what="There is no picture" />
          )}
        </StackItem>
      )}
      {picture && !error && (
        <StackItem>
          <Shown name={machine.name} picture={picture} />
        </StackItem>
      )}
    </Stack>
  )
}

function Shown({ name, picture: { url, extension, takenAt } }: { name: string; picture: Picture }) {
  return (
    <figure>
      <img className="lf-screen" src={url} alt={`Console of ${name} at ${new Date(takenAt).toLocaleString()}`} />
      <figcaption>
        Taken <Ago time={takenAt} />
        <Button component="a" variant="link" href={url} download={`${name}-console.${extension}`}>
          Save this picture
        </Button>
      </figcaption>
    </figure>
  )
}

/** Confirming is for a person: whatever answers at that address would be told the password. */
function Stranger(props: { machine: Machine; bmc: BmcView; certificate: string; onTrusted: () => void }) {
  const { machine, bmc, certificate, onTrusted } = props
  const { mutate, error, isPending } = useUpdateMachine(machine)
  const trust = () => mutate({ bmc: { ...bmc, certificate } }, { onSuccess: onTrusted })
  return (
    <Alert
      component="h3"
      isInline
      variant="warning"
      title="Is this the controller?"
      actionLinks={
        <Button variant="secondary" onClick={trust} isDisabled={isPending} isLoading={isPending}>
          It is: trust this certificate
        </Button>
      }
    >
      <p>No authority that the server knows has signed its certificate. Nothing was told to it yet.</p>
      <p>
        Compare the SHA-256 fingerprint with the one that the controller itself shows:{' '}
        <span className="lf-mono lf-wrap">{certificate}</span>
      </p>
      {error && <Trouble error={error} what="The certificate was not kept" />}
    </Alert>
  )
}
