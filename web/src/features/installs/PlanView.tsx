// What is written where, made before anything is.

import { formatBytes } from '../../../../server/contract/bytes.ts'
import { Alert, Title } from '@patternfly/react-core'
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table'
import type { StoragePlan } from '../../../../server/contract/plan.ts'
import { planRows } from '../../../../server/contract/plan-rows.ts'

export function PlanView({ plan }: { plan: StoragePlan | null }) {
  if (plan === null) return null
  return (
    <>
      <Title headingLevel="h3" size="md">
        Plan
      </Title>
      {plan.disks.map(({ id, disk, device }) => (
        <div key={id}>
          <p>
            {disk.model ?? 'Disk'}, {formatBytes(disk.size)}, serial{' '}
            <span className="lf-mono">{disk.serial ?? 'unknown'}</span>
          </p>
          <p className="lf-mono">{device}</p>
        </div>
      ))}
      {plan.warnings.map((warning) => (
        <Alert key={warning} isInline isPlain variant="warning" title={warning} />
      ))}
      <Table aria-label="Planned partitions" variant="compact" borders={false}>
        <Thead>
          <Tr>
            <Th>Place</Th>
            <Th>Name</Th>
            <Th>Size</Th>
            <Th>Holds</Th>
            <Th modifier="nowrap">Mounted at</Th>
          </Tr>
        </Thead>
        <Tbody>
          {planRows(plan).map(({ id, place, name, size, holds, mountPoints, kept }) => (
            <Tr key={id}>
              <Td dataLabel="Place" modifier="nowrap">
                {place}
              </Td>
              <Td dataLabel="Name">{name}</Td>
              <Td dataLabel="Size" modifier="nowrap">
                {formatBytes(size)}
              </Td>
              <Td dataLabel="Holds">
                {holds || 'nothing'}
                {kept ? ', kept' : ''}
              </Td>
              <Td dataLabel="Mounted at">{mountPoints}</Td>
            </Tr>
          ))}
        </Tbody>
      </Table>
    </>
  )
}
