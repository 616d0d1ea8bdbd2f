// What came, went or changed of the machine's hardware since it was first seen.

import { Content, Title } from '@patternfly/react-core'
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table'
import type { FactChange } from '../../../../server/contract/fact-change.ts'
import { useFactHistory } from '../../api/queries.ts'
import { Loaded } from '../../ui/Trouble.tsx'

export function FactHistory({ machineId }: { machineId: string }) {
  return (
    <>
      <Title headingLevel="h3" size="md">
        Changes
      </Title>
      <Loaded result={useFactHistory(machineId)} what="what changed of the hardware">
        {(changes) =>
          changes.length === 0 ? (
            <Content component="p" className="lf-subtle">
              Nothing has changed since the machine told for the first time.
            </Content>
          ) : (
            <Changes changes={changes} />
          )
        }
      </Loaded>
    </>
  )
}

function Changes({ changes }: { changes: readonly FactChange[] }) {
  return (
    <Table aria-label="Changes of the hardware" variant="compact" borders={false}>
      <Thead>
        <Tr>
          <Th>Seen</Th>
          <Th>What changed</Th>
        </Tr>
      </Thead>
      <Tbody>
        {changes.map(({ seq, at, message }) => (
          <Tr key={seq}>
            <Td dataLabel="Seen" className="lf-nowrap">
              <time dateTime={at}>{new Date(at).toLocaleString()}</time>
            </Td>
            <Td dataLabel="What changed" modifier="breakWord">
              {message}
            </Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  )
}
