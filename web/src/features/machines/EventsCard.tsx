// What happened to the machine, newest first.

import { Button, Card, CardBody, CardFooter, CardTitle } from '@patternfly/react-core'
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table'
import { useMachineEvents } from '../../api/queries.ts'
import { Loaded } from '../../ui/Trouble.tsx'

/** News that the install's own view shows better. */
const SHOWN_ELSEWHERE = new Set(['install.progress', 'install.log'])

export function EventsCard({ machineId }: { machineId: string }) {
  const { data, error, hasNextPage, isFetchingNextPage, fetchNextPage } = useMachineEvents(machineId)
  return (
    <Card>
      <CardTitle component="h2">Events</CardTitle>
      <CardBody>
        <Loaded result={{ data: data?.pages.flat(), error }} what="events">
          {(events) => (
            <Table aria-label="Events" variant="compact" className="lf-events" borders={false}>
              <Thead>
                <Tr>
                  <Th>Time</Th>
                  <Th>Event</Th>
                  <Th>What happened</Th>
                  <Th>By</Th>
                </Tr>
              </Thead>
              <Tbody>
                {events
                  .filter(({ type }) => !SHOWN_ELSEWHERE.has(type))
                  .map(({ seq, at, type, message, actor }) => (
                    <Tr key={seq}>
                      <Td dataLabel="Time" className="lf-nowrap">
                        <time dateTime={at}>{new Date(at).toLocaleString()}</time>
                      </Td>
                      <Td dataLabel="Event" className="lf-mono lf-nowrap">
                        {type}
                      </Td>
                      <Td dataLabel="What happened" modifier="breakWord">
                        {message}
                      </Td>
                      <Td dataLabel="By" className="lf-nowrap">
                        {actor}
                      </Td>
                    </Tr>
                  ))}
              </Tbody>
            </Table>
          )}
        </Loaded>
      </CardBody>
      {hasNextPage && (
        <CardFooter>
          <Button variant="link" isLoading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            Show earlier events
          </Button>
        </CardFooter>
      )}
    </Card>
  )
}
