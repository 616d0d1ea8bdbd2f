// The report of which disk was erased how, for whoever has to prove it.

import { formatBytes } from '../../../../server/contract/bytes.ts'
import { ERASE_NAMES, ERASE_RESULTS } from '../../../../server/contract/erase-text.ts'
import type { EraseReport } from '../../../../server/contract/erase.ts'
import { Label, Title } from '@patternfly/react-core'
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table'

const COLORS = { running: 'blue', erased: 'green', failed: 'red', 'cut-off': 'orange' } as const

export function ErasuresView({ erasures }: { erasures: readonly EraseReport[] }) {
  return (
    <>
      <Title headingLevel="h3" size="md">
        Erased disks
      </Title>
      <Table aria-label="Erased disks" variant="compact" borders={false}>
        <Thead>
          <Tr>
            <Th>Disk</Th>
            <Th>Serial</Th>
            <Th>Method</Th>
            <Th modifier="nowrap">Began</Th>
            <Th modifier="nowrap">Ended</Th>
            <Th>Result</Th>
          </Tr>
        </Thead>
        <Tbody>
          {erasures.map((report) => (
            <Tr key={`${report.name} ${report.startedAt}`}>
              <Td dataLabel="Disk">
                {report.name}, {report.model ?? 'unknown model'}, {formatBytes(report.size)}
              </Td>
              <Td dataLabel="Serial">
                <span className="lf-mono">{report.serial ?? 'unknown'}</span>
              </Td>
              <Td dataLabel="Method">{ERASE_NAMES[report.method]}</Td>
              <Td dataLabel="Began">{new Date(report.startedAt).toLocaleString()}</Td>
              <Td dataLabel="Ended">{report.endedAt ? new Date(report.endedAt).toLocaleString() : '-'}</Td>
              <Td dataLabel="Result">
                <Label color={COLORS[report.result]}>{ERASE_RESULTS[report.result]}</Label> {report.detail}
              </Td>
            </Tr>
          ))}
        </Tbody>
      </Table>
    </>
  )
}
