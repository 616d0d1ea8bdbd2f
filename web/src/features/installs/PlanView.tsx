// What is written where, made before anything is.

import { formatBytes } from '../../../../server/contract/bytes.ts'
import { Alert, Title } from '@patternfly/react-core'
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table'
import type { DiskPlan } from '../../../../server/contract/plan.ts'

export function PlanView({ plan }: { plan: DiskPlan | null }) {
  if (plan === null) return null
  const { disk, device, partitions, warnings } = plan
  return (
    <>
      <Title headingLevel="h3" size="md">
        Plan
      </Title>
      <p>
        {disk.model ?? 'Disk'}, {formatBytes(disk.size)}, serial{' '}
        <span className="lf-mono">{disk.serial ?? 'unknown'}</span>
      </p>
      <p className="lf-mono">{device}</p>
      {warnings.map((warning) => (
        <Alert key={warning} isInline isPlain variant="warning" title={warning} />
      ))}
      <Table aria-label="Planned partitions" variant="compact" borders={false}>
        <Thead>
          <Tr>
            <Th>No.</Th>
            <Th>Name</Th>
            <Th>Size</Th>
            <Th>File system</Th>
            <Th>Mounted at</Th>
          </Tr>
        </Thead>
        <Tbody>
          {partitions.map(({ number, name, size, filesystem, mountPoint }) => (
            <Tr key={number}>
              <Td dataLabel="No.">{number}</Td>
              <Td dataLabel="Name" className="lf-nowrap">
                {name}
              </Td>
              <Td dataLabel="Size" className="lf-nowrap">
                {formatBytes(size)}
              </Td>
              <Td dataLabel="File system">{filesystem ?? 'none'}</Td>
              <Td dataLabel="Mounted at">{mountPoint ?? ''}</Td>
            </Tr>
          ))}
        </Tbody>
      </Table>
    </>
  )
}
