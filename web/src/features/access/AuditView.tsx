// Who did or tried what, newest first.

import {
  Button,
  FormSelect,
  FormSelectOption,
  Label,
  TextInput,
  Toolbar,
  ToolbarContent,
  ToolbarItem,
} from '@patternfly/react-core'
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table'
import { useState } from 'react'
import type { AuditEntry, AuditResult } from '../../../../server/contract/audit.ts'
import { auditFilter, useAudit } from '../../api/access.ts'
import { Ago } from '../../ui/Ago.tsx'
import { Loaded } from '../../ui/Trouble.tsx'

const COLORS: Record<AuditResult, 'green' | 'orange' | 'red'> = { done: 'green', refused: 'orange', failed: 'red' }

export function AuditView() {
  const [search, setSearch] = useState({ actor: '', target: '', result: '' })
  const result = useAudit(search)
  const change = (key: keyof typeof search) => (_: unknown, value: string) => setSearch({ ...search, [key]: value })
  return (
    <>
      <Toolbar>
        <ToolbarContent>
          <ToolbarItem>
            <TextInput aria-label="Who" placeholder="user:ann" value={search.actor} onChange={change('actor')} />
          </ToolbarItem>
          <ToolbarItem>
            <TextInput
              aria-label="Target"
              placeholder="part of the target"
              value={search.target}
              onChange={change('target')}
            />
          </ToolbarItem>
          <ToolbarItem>
            <FormSelect aria-label="Result" value={search.result} onChange={change('result')}>
              <FormSelectOption value="" label="any result" />
              {Object.keys(COLORS).map((one) => (
                <FormSelectOption key={one} value={one} label={one} />
              ))}
            </FormSelect>
          </ToolbarItem>
          <ToolbarItem>
            <Button
              component="a"
              variant="link"
              href={`/api/v1/audit/export?${auditFilter(search)}&format=csv`}
              download
            >
              Download as CSV
            </Button>
          </ToolbarItem>
        </ToolbarContent>
      </Toolbar>
      <Loaded result={result} what="the audit trail">
        {({ pages }) => <AuditTable entries={pages.flat()} />}
      </Loaded>
      {result.hasNextPage && (
        <Button variant="link" isLoading={result.isFetchingNextPage} onClick={() => void result.fetchNextPage()}>
          Show older
        </Button>
      )}
    </>
  )
}

function AuditTable({ entries }: { entries: readonly AuditEntry[] }) {
  return (
    <Table aria-label="Audit trail" variant="compact">
      <Thead>
        <Tr>
          <Th>When</Th>
          <Th>Who</Th>
          <Th>From</Th>
          <Th>What</Th>
          <Th>Target</Th>
          <Th>Result</Th>
        </Tr>
      </Thead>
      <Tbody>
        {entries.map(({ seq, at, actor, address, action, target, detail, result, code }) => (
          <Tr key={seq}>
            <Td dataLabel="When">
              <Ago time={at} />
            </Td>
            <Td dataLabel="Who">{actor}</Td>
            <Td dataLabel="From">{address ?? '-'}</Td>
            <Td dataLabel="What">{action}</Td>
            <Td dataLabel="Target" modifier="breakWord">
              {[target, detail].filter((text) => text !== '').join(' · ')}
            </Td>
            <Td dataLabel="Result">
              <Label color={COLORS[result]}>{code ?? result}</Label>
            </Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  )
}
