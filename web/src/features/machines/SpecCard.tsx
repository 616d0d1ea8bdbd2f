// What the machine shall become, each value with the place it comes from.

import { Card, CardBody, CardTitle, Content } from '@patternfly/react-core'
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table'
import type { Machine } from '../../../../server/contract/machine.ts'
import { specRows } from './spec-rows.ts'

export function SpecCard({ machine: { spec, origins, profiles } }: { machine: Machine }) {
  return (
    <Card isFullHeight>
      <CardTitle component="h2">Wanted</CardTitle>
      <CardBody>
        <Table aria-label="Wanted spec" variant="compact" borders={false}>
          <Thead>
            <Tr>
              <Th>Setting</Th>
              <Th>Value</Th>
              <Th>From</Th>
            </Tr>
          </Thead>
          <Tbody>
            {specRows(spec, origins).map(({ path, value, origin }) => (
              <Tr key={path}>
                <Td dataLabel="Setting">{path}</Td>
                <Td dataLabel="Value" modifier="breakWord">
                  {value}
                </Td>
                <Td dataLabel="From">{origin}</Td>
              </Tr>
            ))}
          </Tbody>
        </Table>
        <Content component="small">
          {profiles.length > 0 ? `Profiles: ${profiles.join(', ')}. ` : ''}Changes take effect with the next install.
        </Content>
      </CardBody>
    </Card>
  )
}
