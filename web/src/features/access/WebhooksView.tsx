// What webhooks were told, what came of it, and telling them again.

import {
  Alert,
  Button,
  Content,
  FormSelect,
  FormSelectOption,
  Label,
  Toolbar,
  ToolbarContent,
  ToolbarItem,
} from '@patternfly/react-core'
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table'
import { useState } from 'react'
import { Link } from 'react-router'
import type { WebhookDelivery } from '../../../../server/contract/webhook.ts'
import { useDeliveries, useReplay, useWebhooks } from '../../api/webhooks.ts'
import { Ago } from '../../ui/Ago.tsx'
import { Loaded, Trouble } from '../../ui/Trouble.tsx'
import { ReplayDialog } from './ReplayDialog.tsx'

const COLORS: Record<WebhookDelivery['state'], 'blue' | 'green' | 'red'> = {
  pending: 'blue',
  delivered: 'green',
  failed: 'red',
}

export function WebhooksView() {
  const [url, setUrl] = useState('')
  const receivers = useWebhooks()
  const result = useDeliveries(url)
  const replay = useReplay()
  const [asking, setAsking] = useState(false)
  const [told, setTold] = useState<number>()
  return (
    <>
      <Toolbar>
        <ToolbarContent>
          <ToolbarItem>
            <FormSelect aria-label="Receiver" value={url} onChange={(_, value) => setUrl(value)}>
              <FormSelectOption value="" label="any receiver" />
              {receivers.data?.map(({ url: one, failed }) => (
                <FormSelectOption key={one} value={one} label={failed === 0 ? one : `${one} (${failed} failed)`} />
              ))}
            </FormSelect>
          </ToolbarItem>
          <ToolbarItem>
            <Button variant="secondary" onClick={() => setAsking(true)}>
              Send again from an event
            </Button>
          </ToolbarItem>
        </ToolbarContent>
      </Toolbar>
      {told !== undefined && <Alert component="h2" isInline isPlain variant="success" title={sentAgain(told)} />}
      {replay.error && <Trouble error={replay.error} what="It was not sent again" />}
      {replay.isSuccess && <Alert component="h2" isInline isPlain variant="success" title="It is being sent again." />}
      <Loaded result={result} what="deliveries">
        {({ pages }) =>
          pages[0]!.length === 0 ? (
            <Content component="p">
              Nothing was sent yet. A spec names who is told when an install has ended: <code>hooks.webhook</code>.
            </Content>
          ) : (
            <Deliveries
              deliveries={pages.flat()}
              isBusy={replay.isPending}
              onReplay={(delivery) => replay.mutate({ delivery })}
            />
          )
        }
      </Loaded>
      {result.hasNextPage && (
        <Button variant="link" isLoading={result.isFetchingNextPage} onClick={() => void result.fetchNextPage()}>
          Show older
        </Button>
      )}
      {asking && (
        <ReplayDialog
          url={url}
          onClose={() => setAsking(false)}
          onDone={(made) => {
            setAsking(false)
            setTold(made)
          }}
        />
      )}
    </>
  )
}

function sentAgain(made: number): string {
  if (made === 0) return 'No install that names this receiver has ended after that event.'
  return made === 1 ? 'One delivery is being sent again.' : `${made} deliveries are being sent again.`
}

function Deliveries({
  deliveries,
  isBusy,
  onReplay,
}: {
  deliveries: readonly WebhookDelivery[]
  isBusy: boolean
  onReplay: (delivery: number) => void
}) {
  return (
    <Table aria-label="Deliveries" variant="compact">
      <Thead>
        <Tr>
          <Th>No.</Th>
          <Th>When</Th>
          <Th>Event</Th>
          <Th>Receiver</Th>
          <Th>State</Th>
          <Th modifier="fitContent">Attempts</Th>
          <Th screenReaderText="Actions" />
        </Tr>
      </Thead>
      <Tbody>
        {deliveries.map(({ seq, createdAt, event, eventSeq, machineId, url, state, attempts, trouble, replayedBy }) => (
          <Tr key={seq}>
            <Td dataLabel="No.">{seq}</Td>
            <Td dataLabel="When">
              <Ago time={createdAt} />
            </Td>
            <Td dataLabel="Event">
              <Link to={`/machines/${machineId}`}>{event}</Link> <span className="lf-subtle">{eventSeq}</span>
              {replayedBy !== null && <Content component="small">again, for {replayedBy}</Content>}
            </Td>
            <Td dataLabel="Receiver" modifier="breakWord">
              {url}
            </Td>
            <Td dataLabel="State" modifier="breakWord">
              <Label color={COLORS[state]}>{state}</Label> {trouble}
            </Td>
            <Td dataLabel="Attempts">{attempts}</Td>
            <Td isActionCell>
              <Button
                variant="link"
                isInline
                isDisabled={isBusy || state === 'pending'}
                aria-label={`Send delivery ${seq} again`}
                onClick={() => onReplay(seq)}
              >
                Send again
              </Button>
            </Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  )
}
